import type { StoredJobStep } from "../store/operations/job-steps.ts";
import type { StoredJob } from "../store/operations/jobs.ts";

/** A reason is read in a line: so many characters of a person's words, and so many waits. */
const longestQuote = 200;
const mostWaits = 3;

/** Waits of a job that nothing has ended yet, in their order. */
export function openWaits(steps: readonly StoredJobStep[]): StoredJobStep[] {
  return steps.filter(({ kind, endedAt }) => kind !== "step" && endedAt === null);
}

/** Why a job that suspended itself is suspended: what it waits for. */
export function waitingText(waits: readonly StoredJobStep[]): string {
  if (waits.length === 0) return "suspended by its runbook";
  const more = waits.length > mostWaits ? [`${waits.length - mostWaits} more`] : [];
  return [...waits.slice(0, mostWaits).map(textOf), ...more].join("; ");
}

/** Why a job's attempt ends as suspended without an error; a person who asked for it comes first. */
export function suspensionReason(job: StoredJob | null, waits: readonly StoredJobStep[]): string {
  if (job?.status !== "Suspending" || job.statusReason === null) return waitingText(waits);
  const asked = job.statusReason.replace(/^to be /, "");
  return waits.length === 0 ? asked : `${asked}; ${waitingText(waits)}`;
}

/** Whether the job is suspended for nothing but waits that somebody else ends: resumed, it would only wait again. */
export function onlyWaits(job: StoredJob, waits: readonly StoredJobStep[]): boolean {
  const isWaiting = job.status === "Suspended" && job.exception === null && waits.length > 0;
  return isWaiting && waits.every(({ kind }) => kind !== "suspend") && job.statusReason === waitingText(waits);
}

function textOf({ kind, name, message, event, until, addressedTo }: StoredJobStep): string {
  switch (kind) {
    case "approval":
      return `waits for an approval: "${quoted(message ?? name)}"${addressedTo === null ? "" : ` (asked of ${addressedTo.join(", ")})`}`;
    case "event":
      return `waits for the event "${quoted(event ?? name)}"`;
    case "time":
      return `waits until ${until === null ? name : new Date(until).toISOString()}`;
    default:
      return message === null ? "suspended by its runbook" : `suspended by its runbook: ${quoted(message)}`;
  }
}

function quoted(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > longestQuote ? `${line.slice(0, longestQuote)}…` : line;
}
