import type { JobResource } from "../../src/contract/api/job.ts";
import type { JobException } from "../../src/contract/host/host-messages.ts";
import { formatGrants } from "../../src/language/needs.ts";
import type { View } from "../output/print.ts";
import { formatDuration } from "../output/quantities.ts";

/** How jobs are shown. */
export const jobView: View<JobResource> = {
  columns: [
    { title: "Job", value: (job) => job.jobId },
    { title: "Runbook", value: (job) => (job.draft ? `${job.runbookName} (draft)` : job.runbookName) },
    { title: "Status", value: (job) => job.status },
    { title: "Accepted", value: (job) => job.timings.acceptedAt },
    { title: "Took", value: tookText },
    { title: "Reason", value: (job) => job.statusReason ?? "" },
  ],
  details: [
    { title: "Version", value: (job) => String(job.versionNumber) },
    { title: "Kind", value: (job) => job.runbookKind },
    { title: "Started by", value: (job) => job.startedBy },
    { title: "In place of", value: (job) => job.retryOf ?? "" },
    { title: "Due", value: (job) => job.dueAt ?? "" },
    { title: "Attempt", value: (job) => String(job.attempt) },
    { title: "Worker", value: (job) => job.workerName ?? "" },
    { title: "Sandbox", value: (job) => job.sandbox ?? "" },
    { title: "Isolation", value: isolationText },
    { title: "Grants", value: (job) => formatGrants(job.grants) },
    {
      title: "Parameters",
      value: (job) => (Object.keys(job.parameters).length === 0 ? "" : JSON.stringify(job.parameters)),
    },
    { title: "Claimed", value: (job) => job.timings.claimedAt ?? "" },
    { title: "Host ready", value: (job) => job.timings.hostReadyAt ?? "" },
    { title: "First record", value: (job) => job.timings.firstRecordAt ?? "" },
    { title: "Ended", value: (job) => job.timings.endedAt ?? "" },
    { title: "Records", value: (job) => `${job.recordCount}, ${job.errorCount} errors, ${job.warningCount} warnings` },
    { title: "Exit code", value: (job) => (job.exitCode === null ? "" : String(job.exitCode)) },
    {
      title: "Result",
      value: (job) => (job.result === null || job.result === undefined ? "" : JSON.stringify(job.result)),
    },
    { title: "Exception", value: (job) => (job.exception === null ? "" : exceptionText(job.exception)) },
  ],
  name: (job) => job.jobId,
};

function isolationText({ isolation }: JobResource): string {
  if (isolation === null) return "";
  return isolation === "job" ? "job: a host of its own" : "runbook: a host shared with other jobs of it";
}

/** An exception with its stack and causes. */
export function exceptionText(exception: JobException): string {
  const head = `${exception.name}: ${exception.message}`;
  const stack = exception.stack ?? "";
  const text = stack === "" ? head : stack.includes(exception.message) ? stack : `${head}\n${stack}`;
  return exception.cause === undefined ? text : `${text}\nCaused by ${exceptionText(exception.cause)}`;
}

/** An exception in one line, with its place in the script. */
export function exceptionLine({ name, message, line, column }: JobException): string {
  const place = line === undefined ? "" : ` (line ${line}${column === undefined ? "" : `, column ${column}`})`;
  return `${name}: ${message}${place}`;
}

function tookText({ timings }: JobResource): string {
  if (timings.claimedAt === null || timings.endedAt === null) return "";
  return formatDuration(Math.max(0, Date.parse(timings.endedAt) - Date.parse(timings.claimedAt)));
}
