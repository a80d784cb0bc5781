import type { JobStepResource } from "../../src/contract/api/job-step.ts";
import { formatDuration } from "../output/quantities.ts";

/** Steps of a job that are shown; the last ones. */
const mostShown = 50;

/** What a job has done and waits for, a line each, what is inside a step or a branch indented; empty where it has no steps. */
export function stepsText(steps: readonly JobStepResource[]): string {
  const left = steps.length - mostShown;
  const lines = steps.slice(-mostShown).map((step) => `${indentOf(step)}${step.name}: ${stateText(step)}`);
  return [...(left > 0 ? [`${left} before these, see --output json`] : []), ...lines].join("\n");
}

/** What an approval came to, or that it is waited for. */
export function answerText({ answer, until, endedAt }: JobStepResource): string {
  if (answer === null) {
    if (endedAt !== null) return "nobody was asked";
    return until === null ? "waited for" : `waited for until ${until}`;
  }
  if (answer.timedOut === true) return "none in time";
  return `${answer.approved === true ? "approved" : "rejected"} by ${answer.by}${answer.reason ? `: ${answer.reason}` : ""}`;
}

function stateText(step: JobStepResource): string {
  const { kind, startedAt, endedAt, answer, until } = step;
  switch (kind) {
    case "step":
      return endedAt === null ? "not done" : `done in ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`;
    case "approval":
      return `approval, ${answerText(step)}`;
    case "time":
      return endedAt === null ? "waited for" : "has come";
    case "event": {
      if (endedAt === null) return `event, waited for${until === null ? "" : ` until ${until}`}`;
      return answer?.timedOut === true ? "event, did not come in time" : `event, sent by ${answer?.by}`;
    }
    case "suspend":
      return endedAt === null ? "suspended here" : `resumed by ${answer?.by}`;
  }
}

function indentOf({ branch }: JobStepResource): string {
  return "  ".repeat(branch.split("/").length - 1);
}
