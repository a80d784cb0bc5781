import type { Logger } from "../../src/contract/logger.ts";
import type { Masker } from "../masking/masker.ts";

/** What the worker's log says of an attempt: nothing that its job said, but for what is masked. */
export class AttemptLog {
  readonly #logger: Logger;
  readonly #jobId: string;
  readonly #masker: Masker;

  constructor(logger: Logger, jobId: string, masker: Masker) {
    this.#logger = logger;
    this.#jobId = jobId;
    this.#masker = masker;
  }

  /** Without the error's message, which may quote what the job said. */
  fault(error: unknown): void {
    this.#logger.error("What a job's host said could not be handled", {
      jobId: this.#jobId,
      error: error instanceof Error ? error.name : typeof error,
      at: error instanceof Error ? firstFrame(error) : undefined,
    });
  }

  noHost(details: Record<string, unknown>): void {
    this.#logger.error("A job got no host", { jobId: this.#jobId, ...details });
  }

  /** For who wonders why a runbook's jobs start more hosts than they might. */
  notKept(reason: unknown): void {
    this.#logger.debug("A host ends that was to be reused", {
      jobId: this.#jobId,
      // Such as the path of a file that is still open, which may hold what it likes.
      reason: this.#masker.text(String(reason).slice(0, 200), true),
    });
  }
}

function firstFrame({ message, stack = "" }: Error): string | undefined {
  const frames = stack.slice(stack.indexOf(message) + message.length);
  return /^ {4}at .*/m.exec(frames)?.[0].trim();
}
