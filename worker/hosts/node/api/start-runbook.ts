import { askRunbooks, asParameters } from "./ask-runbooks.ts";
import { currentBranch, keyOfCall } from "./branch.ts";
import type { ChildJob } from "./child-job.ts";
import { childJob } from "./child-job.ts";
import { isDurable } from "./journal.ts";
import { signal } from "./signal.ts";
import { stepOfStart } from "./step.ts";

export interface StartRunbookOptions {
  /** Whether it is stopped when this job is stopped or fails; it goes on when left out. */
  stopWithParent?: boolean;
  /** A worker group in which the runbook has to run; start nothing where it runs elsewhere. */
  runOn?: string;
}

/**
 * Starts a runbook as a job of its own, with the rights of the principal that this job acts as, and does not wait for it. A call starts one job,
 * however often this job is attempted; after a failure of this job one that did not complete is started anew. Rejects with a `RunbookError` where it may not be started, or its parameters are wrong.
 *
 *     const job = await startRunbook("Install-Update", { host });
 *     const { status, result } = await job.wait({ timeout: 600_000 });
 */
export async function startRunbook(
  name: string,
  parameters: object = {},
  { stopWithParent = false, runOn }: StartRunbookOptions = {},
): Promise<ChildJob> {
  signal.throwIfAborted();
  const call = keyOfCall(currentBranch(), `start:${encodeURIComponent(name)}`);
  return childJob(
    await startOnce(name, {
      call,
      parameters: asParameters(parameters),
      isInline: false,
      stopsWithParent: stopWithParent,
      ...(runOn === undefined ? {} : { runOn }),
    }),
  );
}

/** Gives the id of the job that a call has started, in this attempt or before. In a durable runbook it is a step. */
export async function startOnce(
  runbook: string,
  of: {
    call: string;
    parameters: Record<string, unknown>;
    isInline: boolean;
    stopsWithParent: boolean;
    runOn?: string;
  },
): Promise<string> {
  const start = async (): Promise<string> => {
    const answer = await askRunbooks({ action: "start", runbook, ...of });
    return "jobId" in answer ? answer.jobId : "";
  };
  return isDurable() ? await stepOfStart(`start ${runbook}`, start) : await start();
}
