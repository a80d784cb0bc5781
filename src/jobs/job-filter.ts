import type { JobFilter } from "../contract/api/job-filter.ts";
import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredJobFilter } from "../store/operations/jobs.ts";

/** A filter as the store takes it. @throws UserError `invalid-filter` for times that are none */
export function storedFilter(filter: JobFilter): StoredJobFilter {
  const since = timeOf("since", filter.since);
  const until = timeOf("until", filter.until);
  return {
    ...(filter.runbook !== undefined && { runbook: idInLowerCase(filter.runbook) }),
    ...(filter.status !== undefined && { statuses: filter.status }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(filter.group !== undefined && { workerGroup: filter.group }),
    ...(filter.worker !== undefined && { worker: idInLowerCase(filter.worker) }),
    ...(filter.startedBy !== undefined && { startedBy: filter.startedBy }),
    ...(filter.tag !== undefined && { tag: filter.tag }),
  };
}

function timeOf(name: string, text: string | undefined): number | undefined {
  const time = text === undefined ? undefined : Date.parse(text);
  if (Number.isNaN(time)) {
    throw new UserError("invalid-filter", `"${text}" of ${name} is no time.`, {
      remedy: "Write it in ISO 8601, such as 2031-05-01T08:00:00Z.",
    });
  }
  return time;
}

function idInLowerCase(idOrName: string): string {
  return looksLikeId(idOrName) ? idOrName.toLowerCase() : idOrName;
}
