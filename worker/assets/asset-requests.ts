import type { AssetAnswer, AssetRequest } from "../../src/contract/assets.ts";
import type { AssetAnswerFrame, AssetRequestFrame, AttemptReference } from "../../src/contract/link/control-frames.ts";
import { assetsProtocolVersion } from "../../src/contract/link/control-frames.ts";
import type { AssetProvider } from "./asset-provider.ts";

/** After this long without an answer a script is told so, in milliseconds; a worker without a link loses its lease before. */
const defaultPatience = 120_000;

interface Waiting {
  frame: AssetRequestFrame;
  answer(answer: AssetAnswer): void;
}

/**
 * What scripts ask of the service's assets, over the control link. While there is no link, requests wait for the next one, as
 * long as the lease lets their jobs live; what was not answered over one is asked again over the next.
 */
export class AssetRequests implements AssetProvider {
  readonly #send: (frame: AssetRequestFrame) => void;
  readonly #patience: number;
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;
  /** Of the link that was there last; 0 before the first. */
  #protocol = 0;

  /** @param options.send drops a frame while there is no link */
  constructor(options: { send: (frame: AssetRequestFrame) => void; patience?: number }) {
    this.#send = options.send;
    this.#patience = options.patience ?? defaultPatience;
  }

  ask({ jobId, attempt }: AttemptReference, request: AssetRequest, signal: AbortSignal): Promise<AssetAnswer> {
    if (signal.aborted) return Promise.resolve(nobodyWaits);
    const requestId = String(++this.#count);
    const { promise, resolve } = Promise.withResolvers<AssetAnswer>();
    const timer = setTimeout(() => answer(notAnswered), this.#patience);
    const over = (): void => answer(nobodyWaits);
    const answer = (given: AssetAnswer): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      this.#waiting.delete(requestId);
      resolve(given);
    };
    signal.addEventListener("abort", over);
    const waiting: Waiting = { frame: { type: "asset-request", requestId, jobId, attempt, request }, answer };
    this.#waiting.set(requestId, waiting);
    if (this.#protocol > 0) this.#tell(waiting);
    return promise;
  }

  /** A link stands, with a service that speaks this version. */
  welcome(protocol: number): void {
    this.#protocol = protocol;
    for (const waiting of [...this.#waiting.values()]) this.#tell(waiting);
  }

  answered({ requestId, answer }: AssetAnswerFrame): void {
    this.#waiting.get(requestId)?.answer(answer);
  }

  #tell({ frame, answer }: Waiting): void {
    if (this.#protocol < assetsProtocolVersion) answer(serviceTooOld);
    else this.#send(frame);
  }
}

const nobodyWaits: AssetAnswer = { error: { code: "asset-unavailable", message: "The job is over." } };

const notAnswered: AssetAnswer = {
  error: { code: "asset-unavailable", message: "The service did not answer. Its log may say why; try again." },
};

const serviceTooOld: AssetAnswer = {
  error: { code: "asset-unavailable", message: "The service is of a version that has no assets yet: upgrade it." },
};
