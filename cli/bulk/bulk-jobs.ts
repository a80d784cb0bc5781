import type { JobFilter, JobOutcome } from "../../src/contract/api/job-filter.ts";
import type { Page } from "../../src/contract/api/page.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { CommandOption, Invocation } from "../command.ts";
import type { ApiClient } from "../connection/api-client.ts";
import { exitCodes } from "../exit-codes.ts";
import { onInterruption } from "../follow/interruption.ts";
import { printList } from "../output/print.ts";
import { StepProgress } from "../output/step-progress.ts";
import { readJobFilter } from "../parameters/job-filter.ts";
import { jobOutcomeView } from "../views/job-outcome-view.ts";
import { confirm } from "./confirm.ts";

/** What is done to many jobs. */
export interface BulkWork {
  /** Such as `/api/jobs/stop`. */
  path: string;
  /** Further members of the request. */
  more: Record<string, unknown>;
  /** As in "Stop 12 jobs?", and of the progress. */
  verb: string;
  doing: string;
}

/** The options of commands that work on many jobs, besides those of the filter. */
export const bulkOptions: readonly CommandOption[] = [
  { flags: "--all", help: "without any filter: all jobs that it can be done to" },
  { flags: "--dry-run", help: "only tell what would be done" },
  { flags: "--yes", help: "do it without asking" },
];

/** Jobs of one request; the same on the service. */
const mostIds = 200;

/**
 * Does it to the jobs that are named, or to those that a filter finds, page by page: a Ctrl-C ends it after the page that is under
 * way. Prints each job's outcome, and says the exit code.
 * @throws UserError `usage`, `confirmation-needed`
 */
export async function workOnJobs(api: ApiClient, work: BulkWork, invocation: Invocation): Promise<number> {
  const filter = readJobFilter(invocation);
  const jobIds = invocation.arguments;
  const isEmpty = Object.keys(filter).length === 0;
  if (jobIds.length > 0 && (!isEmpty || invocation.flag("all"))) {
    throw new UserError("usage", "Name the jobs, or give a filter, but not both.");
  }
  if (jobIds.length === 0 && isEmpty && !invocation.flag("all")) {
    throw new UserError("usage", "No job is named, and there is no filter.", {
      remedy: `Name jobs, give a filter such as --runbook NAME, or --all. \`npx runsmith ${work.verb.toLowerCase()}-job --help\` has all of them.`,
    });
  }
  const interruption = onInterruption();
  try {
    const pages = jobIds.length > 0 ? pagesOfIds(jobIds) : pagesOfFilter(filter);
    if (invocation.flag("dry-run")) {
      return await finish(await workOff(api, work, pages, true, null, interruption.signal), invocation);
    }
    let total: number | null = jobIds.length;
    if (jobIds.length === 0) {
      total = invocation.flag("yes") ? null : await ask(api, work, filter, interruption.signal);
      if (total === 0) return exitCodes.completed;
    }
    return await finish(await workOff(api, work, pages, false, total, interruption.signal), invocation);
  } finally {
    interruption.release();
  }
}

interface Worked {
  outcomes: JobOutcome[];
  interrupted: boolean;
}

/** The bodies of the requests one after the other; each is told the `next` of the page before. */
type Pages = Generator<Record<string, unknown>, void, string | null>;

function* pagesOfIds(jobIds: readonly string[]): Pages {
  for (let start = 0; start < jobIds.length; start += mostIds) {
    yield { jobIds: jobIds.slice(start, start + mostIds) };
  }
}

function* pagesOfFilter(filter: JobFilter): Pages {
  let after: string | null = null;
  do {
    after = yield { filter, ...(after === null ? {} : { after }) };
  } while (after !== null);
}

async function workOff(
  api: ApiClient,
  work: BulkWork,
  pages: Pages,
  dryRun: boolean,
  total: number | null,
  signal: AbortSignal,
): Promise<Worked> {
  const outcomes: JobOutcome[] = [];
  const progress = await StepProgress.open();
  try {
    let next: string | null = null;
    for (let page = pages.next(null); page.done !== true; page = pages.next(next)) {
      if (signal.aborted) return { outcomes, interrupted: true };
      const answer: Page<JobOutcome> = await api.post<Page<JobOutcome>>(work.path, {
        ...page.value,
        ...work.more,
        ...(dryRun ? { dryRun } : {}),
      });
      outcomes.push(...answer.items);
      next = answer.next;
      progress.show(
        dryRun ? "looking" : work.doing,
        total === null ? 0 : Math.min(1, outcomes.length / Math.max(1, total)),
        `${outcomes.length} jobs`,
      );
    }
    return { outcomes, interrupted: false };
  } finally {
    progress.stop();
  }
}

/** Counts what it would be done to, and asks; 0 means that nothing is to be done. */
async function ask(api: ApiClient, work: BulkWork, filter: JobFilter, signal: AbortSignal): Promise<number> {
  const { outcomes, interrupted } = await workOff(api, work, pagesOfFilter(filter), true, null, signal);
  if (interrupted) return 0;
  const count = outcomes.filter(({ outcome }) => outcome.startsWith("would-")).length;
  if (count === 0) {
    process.stderr.write("No job fits the filter.\n");
    return 0;
  }
  return (await confirm(`${work.verb} ${count === 1 ? "1 job" : `${count} jobs`}?`)) ? count : 0;
}

async function finish({ outcomes, interrupted }: Worked, invocation: Invocation): Promise<number> {
  await printList(outcomes, jobOutcomeView, invocation.output);
  if (interrupted) return exitCodes.interrupted;
  return outcomes.some(({ outcome }) => outcome === "refused" || outcome === "not-found")
    ? exitCodes.failed
    : exitCodes.completed;
}
