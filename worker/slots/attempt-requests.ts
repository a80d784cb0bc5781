import type { AssetAnswer, AssetRequest } from "../../src/contract/assets.ts";
import type { ChildRunbook } from "../../src/contract/child-runbook.ts";
import type {
  AssetRequestMessage,
  HostRunbookAnswer,
  JobException,
  RunbookRequestMessage,
} from "../../src/contract/host/host-messages.ts";
import { hostKindOf } from "../../src/contract/runbook-kind.ts";
import type { AssetProvider } from "../assets/asset-provider.ts";
import { JobAssets } from "../assets/job-assets.ts";
import { JobChildren } from "../children/job-children.ts";
import type { RunbookProvider } from "../children/runbook-provider.ts";
import type { HostProcess } from "../hosts/host-process.ts";
import type { Masker } from "../masking/masker.ts";
import type { JobOrder } from "./job-order.ts";

export interface AttemptRequestsOptions {
  order: JobOrder;
  assets: AssetProvider;
  runbooks: RunbookProvider;
  masker: Masker;
  /** Tells whoever reads the job's records. */
  warn(text: string): void;
  /** Whether the attempt still has the host, and its script is not over: otherwise nobody wants an answer. */
  isAsking(host: HostProcess): boolean;
  /** A host was answered; a warning may have come with it. */
  answered(): void;
  fail(exception: JobException): void;
  /** Something of the worker's own went wrong. */
  fault(error: unknown): void;
}

/** What the script of an attempt asks for: assets, other runbooks, and jobs. */
export class AttemptRequests {
  readonly #options: AttemptRequestsOptions;
  readonly #assets: JobAssets;
  readonly #children: JobChildren;
  #waits = 0;
  #hasWaited = false;

  constructor(options: AttemptRequestsOptions) {
    this.#options = options;
    const { order, masker } = options;
    const attempt = { jobId: order.jobId, attempt: order.attempt };
    this.#assets = new JobAssets({ provider: options.assets, attempt, masker, warn: options.warn });
    this.#children = new JobChildren({
      provider: options.runbooks,
      attempt,
      hostKind: hostKindOf[order.runbook.kind],
      children: order.children,
      masker,
      assets: (request) => this.#assets.answer(request),
      waits: (change) => {
        this.#waits += change;
        this.#hasWaited = true;
      },
      floods: () =>
        options.fail({
          name: "HostProtocolError",
          message: "The script broke the link to its worker. It asks for other runbooks and jobs, and reads no answer.",
        }),
    });
  }

  /** Whether the script waits for another job. */
  get isWaiting(): boolean {
    return this.#waits > 0;
  }

  /** Whether it did so before, or does now. */
  get hasWaited(): boolean {
    return this.#hasWaited;
  }

  /** The script knows a secret of an asset. */
  get holdsSecret(): boolean {
    return this.#assets.holdsSecret;
  }

  /** The runbooks that came with the job or were found since. */
  knownChildren(): ChildRunbook[] {
    return this.#children.known();
  }

  /** For the attempt itself, before its script runs. */
  asset(request: AssetRequest): Promise<AssetAnswer> {
    return this.#assets.answer(request);
  }

  answerAsset(host: HostProcess, { requestId, request }: AssetRequestMessage): void {
    const { isAsking, answered, fault } = this.#options;
    this.#assets.answer(request).then((answer) => {
      if (!isAsking(host)) return;
      host.answerAssetRequest({
        type: "asset-answer",
        requestId,
        ...("value" in answer ? { value: answer.value } : {}),
        ...("error" in answer ? { error: answer.error } : {}),
        ...(this.#assets.holdsSecret ? { secret: true } : {}),
      });
      answered();
    }, fault);
  }

  answerRunbook(host: HostProcess, { requestId, request }: RunbookRequestMessage): void {
    const { isAsking, fault } = this.#options;
    const tell = async (answer: HostRunbookAnswer): Promise<void> => {
      if (isAsking(host)) await host.answerRunbookRequest({ type: "runbook-answer", requestId, answer });
    };
    this.#children.answer(request, tell).catch(fault);
  }

  /** The attempt is to end before it has a host: what it waits for is not to hold it up. */
  closeAssets(): void {
    this.#assets.close();
  }

  /** The attempt is over; what still waits gets an error. */
  close(): void {
    this.#assets.close();
    this.#children.close();
  }
}
