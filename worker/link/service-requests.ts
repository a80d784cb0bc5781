import type { AttemptReference } from "../../src/contract/link/control-frames.ts";

/** What running jobs ask of the service, and what they are told where no answer comes. */
export interface ServiceRequestsOptions<Request, Answer> {
  /** Sends a request; drops it while there is no link. */
  send(requestId: string, attempt: AttemptReference, request: Request): void;
  /** The first version of the link that carries such requests. */
  protocol: number;
  /** Milliseconds; a worker without a link loses its lease before. */
  patience: number;
  nobodyWaits: Answer;
  notAnswered: Answer;
  serviceTooOld: Answer;
}

interface Waiting<Answer> {
  tell(): void;
  answer(answer: Answer): void;
}

/**
 * Requests of scripts over the control link. While there is no link they wait for the next one, as long as the lease lets their
 * jobs live; what was not answered over one is asked again over the next.
 */
export class ServiceRequests<Request, Answer> {
  readonly #options: ServiceRequestsOptions<Request, Answer>;
  readonly #waiting = new Map<string, Waiting<Answer>>();
  #count = 0;
  /** Of the link that was there last; 0 before the first. */
  #protocol = 0;

  constructor(options: ServiceRequestsOptions<Request, Answer>) {
    this.#options = options;
  }

  /**
   * @param signal aborted when nobody waits for the answer any more
   * @returns what became of it, an error included; never rejects
   */
  ask({ jobId, attempt }: AttemptReference, request: Request, signal: AbortSignal): Promise<Answer> {
    const { send, protocol, patience, nobodyWaits, notAnswered, serviceTooOld } = this.#options;
    if (signal.aborted) return Promise.resolve(nobodyWaits);
    const requestId = String(++this.#count);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => answer(notAnswered), patience);
    const over = (): void => answer(nobodyWaits);
    const answer = (given: Answer): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      this.#waiting.delete(requestId);
      resolve(given);
    };
    signal.addEventListener("abort", over);
    const tell = (): void => {
      if (this.#protocol < protocol) answer(serviceTooOld);
      else send(requestId, { jobId, attempt }, request);
    };
    this.#waiting.set(requestId, { tell, answer });
    if (this.#protocol > 0) tell();
    return promise;
  }

  /** A link stands, with a service that speaks this version. */
  welcome(protocol: number): void {
    this.#protocol = protocol;
    for (const waiting of [...this.#waiting.values()]) waiting.tell();
  }

  answered({ requestId, answer }: { requestId: string; answer: Answer }): void {
    this.#waiting.get(requestId)?.answer(answer);
  }
}
