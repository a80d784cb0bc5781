import type { JobException } from "../../../../src/contract/host/host-messages.ts";

/** Why another runbook could not be called, or how it failed where it ran as a job of its own. */
export class RunbookError extends Error {
  /** Such as `runbook-not-found`, `invalid-parameters`, `runbook-cycle`; `runbook-failed` and `runbook-stopped` tell of its job. */
  readonly code: string;
  /** The job that it ran as; undefined where none was started. */
  readonly jobId: string | undefined;

  constructor(code: string, message: string, options: { jobId?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RunbookError";
    this.code = code;
    this.jobId = options.jobId;
  }
}

/** What failed in another job, as an error of this one: with the name, the message and the lines that it has there. */
export function errorOf(exception: JobException): Error {
  const cause = exception.cause === undefined ? undefined : errorOf(exception.cause);
  const error = new Error(exception.message, cause === undefined ? undefined : { cause });
  error.name = exception.name;
  if (exception.stack !== undefined) error.stack = exception.stack;
  return error;
}
