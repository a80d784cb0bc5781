import type { Principal } from "../access/principal.ts";
import type { AssetAnswer, AssetError, AssetErrorCode, AssetRequest } from "../contract/assets.ts";
import { assetErrorCodes } from "../contract/assets.ts";
import type { AssetRequestFrame } from "../contract/link/control-frames.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";
import { secretPointersOf, secretTextsOf, textsOf } from "./asset-secrets.ts";
import type { AssetSource, AssetUse } from "./asset-source.ts";
import type { GivenSecrets } from "./given-secrets.ts";
import type { RunningAttempts } from "./running-attempts.ts";

export interface AssetBrokerOptions {
  /** Null where there are no assets. */
  source: AssetSource | null;
  /** Null where nothing secret is ever given. */
  given: Pick<GivenSecrets, "note"> | null;
  attempts: Pick<RunningAttempts, "current">;
  /** Whose rights decide what a job may use; null for all. */
  runAsOf(jobId: string): Promise<Principal | null>;
  logger: Logger;
  /** Milliseconds; after this long a script is told that the asset cannot be had now. */
  patience?: number;
}

/** Less than a worker waits for an answer. */
const defaultPatience = 60_000;

/** Stands between running jobs and the assets: only the worker that has a job now gets what that job may use. */
export class AssetBroker {
  readonly #options: AssetBrokerOptions;

  constructor(options: AssetBrokerOptions) {
    this.#options = options;
  }

  /** Answers a worker's request. Nothing is said to one that does not have the job, or has it no more when the answer is there. */
  async answer(worker: Pick<ConnectedWorker, "workerId" | "send">, frame: AssetRequestFrame): Promise<void> {
    const { requestId, jobId, attempt, request } = frame;
    const reference = { jobId, attempt, workerId: worker.workerId };
    const { attempts } = this.#options;
    if (attempts.current(reference) === undefined) {
      return;
    }
    const answer = await this.#within(this.#carriedOut(jobId, request), frame);
    if (attempts.current(reference) !== undefined) {
      worker.send({ type: "asset-answer", requestId, answer });
    }
  }

  async #carriedOut(jobId: string, request: AssetRequest): Promise<AssetAnswer> {
    const { source, given } = this.#options;
    if (source === null) {
      return { error: notFound(request) };
    }
    try {
      const use: AssetUse = { jobId, runAs: await this.#options.runAsOf(jobId) };
      if (request.action === "set-variable") {
        const { name, type, value } = request;
        const { encrypted } = await source.setVariableForJob({ ...use, name, type, value });
        if (encrypted) {
          await given?.note(jobId, textsOf(value));
        }
        return { encrypted };
      }
      const value = await source.valueForJob({ ...use, kind: request.kind, name: request.name });
      await given?.note(jobId, secretTextsOf(value));
      this.#options.logger.debug("a job is given an asset", { jobId, kind: request.kind, name: request.name });
      return { value, secrets: secretPointersOf(value) };
    } catch (error) {
      return { error: this.#errorOf(error, jobId, request) };
    }
  }

  /** For the script's author; what is the service's own business stays in its log. */
  #errorOf(error: unknown, jobId: string, request: AssetRequest): AssetError {
    if (!(error instanceof UserError)) {
      // Without its message, which may quote what was to be set.
      const reason = error instanceof Error ? error.name : typeof error;
      this.#options.logger.error("an asset could not be given to a job", { jobId, name: request.name, error: reason });
      return { code: "asset-unavailable", message: "The service could not get it. Its log says more; try again." };
    }
    const code = codeOf(error);
    if (code === "asset-not-found") {
      return notFound(request);
    }
    return { code, message: error.remedy === undefined ? error.message : `${error.message} ${error.remedy}` };
  }

  async #within(answer: Promise<AssetAnswer>, { jobId, request }: AssetRequestFrame): Promise<AssetAnswer> {
    const { promise, resolve } = Promise.withResolvers<AssetAnswer>();
    const timer = setTimeout(() => {
      this.#options.logger.warn("an asset took too long for a job", { jobId, name: request.name });
      const message = `The ${kindOf(request)} "${request.name}" could not be had in time. Try again.`;
      resolve({ error: { code: "asset-unavailable", message } });
    }, this.#options.patience ?? defaultPatience);
    try {
      return await Promise.race([answer, promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What is not there and what may not be used are told in the same words. */
function notFound(request: AssetRequest): AssetError {
  const kind = kindOf(request);
  const message = `There is no ${kind} "${request.name}" that this job may use. See that it exists (npx runsmith get-${kind}), and that the runbook may use it.`;
  return { code: "asset-not-found", message };
}

function kindOf(request: AssetRequest): string {
  return request.action === "get" ? request.kind : "variable";
}

function codeOf({ code, status }: UserError): AssetErrorCode {
  const known = assetErrorCodes.find((each) => each === code);
  if (known !== undefined) {
    return known;
  }
  return status === 403 || status === 404 ? "asset-not-found" : status === 503 ? "asset-unavailable" : "asset-refused";
}
