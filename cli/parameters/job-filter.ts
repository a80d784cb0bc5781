import type { JobFilter } from "../../src/contract/api/job-filter.ts";
import type { JobStatus } from "../../src/contract/job-status.ts";
import { jobStatuses } from "../../src/contract/job-status.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { CommandOption, Invocation } from "../command.ts";
import { readTime, timeAgo } from "./time.ts";

/** The options with which commands choose jobs; all of them together. */
export const jobFilterOptions: readonly CommandOption[] = [
  { flags: "--runbook <name>", help: "only jobs of this runbook" },
  {
    flags: "--status <status>",
    help: "only jobs in this state, or in one of these: Running,New",
    choices: jobStatuses,
    separated: true,
  },
  { flags: "--since <time>", help: "only jobs accepted then or later: 2031-05-01T08:00:00Z, or how long ago: 2h" },
  { flags: "--until <time>", help: "only jobs accepted before then: a time, or how long ago" },
  { flags: "--older-than <duration>", help: "only jobs accepted longer ago than this, such as 1h" },
  { flags: "--group <group>", help: "only jobs of this worker group" },
  { flags: "--worker <worker>", help: "only jobs that this worker has, or had last; its name or id" },
  { flags: "--started-by <name>", help: "only jobs that this principal started" },
  { flags: "--tag <tag>", help: "only jobs whose runbook has this tag" },
];

/**
 * The filter that the options say; without members when none was given.
 * @throws UserError `invalid-time`, `invalid-duration`, `usage`
 */
export function readJobFilter(invocation: Invocation): JobFilter {
  const status = invocation.list("status") as JobStatus[];
  const since = invocation.text("since");
  const until = invocation.text("until");
  const olderThan = invocation.text("older-than");
  if (until !== undefined && olderThan !== undefined) {
    throw new UserError("usage", "--until and --older-than say the same thing twice.", { remedy: "Give one of them." });
  }
  const end = until ?? olderThan;
  const text = (option: string, member: keyof JobFilter) => {
    const value = invocation.text(option);
    return value === undefined ? {} : { [member]: value };
  };
  return {
    ...text("runbook", "runbook"),
    ...(status.length === 0 ? {} : { status }),
    ...(since === undefined ? {} : { since: readTime("since", since) }),
    ...(end === undefined ? {} : { until: olderThan === undefined ? readTime("until", end) : timeAgo(end) }),
    ...text("group", "group"),
    ...text("worker", "worker"),
    ...text("started-by", "startedBy"),
    ...text("tag", "tag"),
  };
}

/** Whether one job is named, and nothing else says which jobs. */
export function isOneJob(invocation: Invocation): boolean {
  return (
    invocation.arguments.length === 1 && !invocation.flag("all") && Object.keys(readJobFilter(invocation)).length === 0
  );
}

/** The filter as query parameters of a list. */
export function filterQuery({ status, ...rest }: JobFilter): URLSearchParams {
  const query = new URLSearchParams(rest as Record<string, string>);
  if (status !== undefined) query.set("status", status.join(","));
  return query;
}
