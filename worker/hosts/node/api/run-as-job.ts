import type { JobResource } from "../../../../src/contract/api/job.ts";
import type { ChildRunbook } from "../../../../src/contract/child-runbook.ts";
import { longestFollow } from "../../../../src/contract/child-runbook.ts";
import type { JobStreamRecord } from "../../../../src/contract/stream.ts";
import { isEnded } from "./child-job.ts";
import { followJob } from "./follow-job.ts";
import { errorOf, RunbookError } from "./runbook-error.ts";
import { runtime } from "./runtime.ts";
import { startOnce } from "./start-runbook.ts";

/**
 * Runs a runbook of another language as a job of its own and waits for it: what it puts out comes back, what it writes to other streams is
 * written here, and how it fails is thrown.
 */
export async function runAsJob(
  child: ChildRunbook,
  call: string,
  parameters: Record<string, unknown>,
): Promise<unknown[]> {
  const jobId = await startOnce(child.name, { call, parameters, isInline: true, stopsWithParent: true });
  const output: unknown[] = [];
  let text = "";
  // The last error of a runbook that fails is its failure, and that is thrown here.
  let lastError: JobStreamRecord | undefined;
  const take = (record: JobStreamRecord): void => {
    if (lastError !== undefined) runtime().passOn(lastError);
    lastError = undefined;
    if (record.stream === "Error") lastError = record;
    else if (record.stream !== "Output") runtime().passOn(record);
    else if (record.continued === true) text += record.text;
    else {
      output.push(record.value === undefined ? text + record.text : record.value);
      text = "";
    }
  };
  for (let after = "0.0"; ; ) {
    const answer = await followJob({ action: "follow-job", jobId, after, patience: longestFollow });
    if (!("records" in answer)) throw new RunbookError("runbooks-unavailable", "The service gave no records.");
    for (const record of answer.records) take(record);
    after = answer.next ?? after;
    if (!isEnded(answer.job) || answer.more) continue;
    if (answer.job.status === "Completed") {
      if (lastError !== undefined) runtime().passOn(lastError);
      return output;
    }
    throw failureOf(answer.job);
  }
}

function failureOf({ jobId, runbookName, status, exception, statusReason }: JobResource): Error {
  if (exception === null)
    return new RunbookError(
      `runbook-${status.toLowerCase()}`,
      `The runbook ${runbookName} was ${status}${statusReason === null ? "" : `: ${statusReason}`}.`,
      { jobId },
    );
  return new RunbookError("runbook-failed", `The runbook ${runbookName} failed: ${exception.message}`, {
    jobId,
    cause: errorOf(exception),
  });
}
