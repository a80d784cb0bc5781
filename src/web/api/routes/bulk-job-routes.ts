import type { JobFilter } from "../../../contract/api/job-filter.ts";
import type { CallersJobs } from "../../../jobs/callers-jobs.ts";
import { replayedHeader } from "../idempotency.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { pageOf, resource } from "../schemas/common-schemas.ts";
import { defaultBulkPage, retryJobsSchema, stopJobsSchema } from "../schemas/job-filter-schemas.ts";

interface Selection {
  jobIds?: string[];
  filter?: JobFilter;
  after?: string;
  limit?: number;
  dryRun?: boolean;
}

const bodyLimit = 64 * 1024;

const outcomes = {
  200: {
    description: "What was done to each job of the page. Ask for the page after `next` until there is none.",
    schema: pageOf("JobOutcome"),
  },
};

/** What is done to many jobs at once, and a retry of one. */
export function bulkJobRoutes(jobs: CallersJobs): Route[] {
  return [
    route<{ body: Selection & { force?: boolean } }>({
      method: "POST",
      path: "/api/jobs/stop",
      name: "stopJobs",
      summary:
        "Stops the jobs that are named, or a page of those that a filter finds: open ones where it names no state.",
      access: "operate",
      body: { schema: stopJobsSchema, limit: bodyLimit },
      idempotency: "generic",
      responses: outcomes,
      async handle({ body: { limit = defaultBulkPage, ...body }, caller }) {
        return { status: 200, body: await jobs.stopJobs({ ...body, limit }, caller) };
      },
    }),
    route<{ body: Selection & { again?: boolean } }>({
      method: "POST",
      path: "/api/jobs/retry",
      name: "retryJobs",
      summary:
        "Starts the ended jobs that are named, or a page of those that a filter finds, again: Failed ones where it names no state.",
      access: "operate",
      body: { schema: retryJobsSchema, limit: bodyLimit },
      idempotency: "generic",
      responses: outcomes,
      async handle({ body: { limit = defaultBulkPage, ...body }, caller, idempotency = null }) {
        return { status: 200, body: await jobs.retryJobs({ ...body, limit, idempotency }, caller) };
      },
    }),
    route<{ params: { jobId: string } }>({
      method: "POST",
      path: "/api/jobs/{jobId}/retry",
      name: "retryJob",
      summary:
        "Starts an ended job again, as a new job with the same parameters: the current version of the same choice, published or draft.",
      access: "operate",
      idempotency: "own",
      responses: { 201: { description: "The newer job.", schema: resource("Job") } },
      async handle({ params, caller, idempotency = null }) {
        const { job, repeated } = await jobs.retryJob({ jobId: params.jobId, idempotency }, caller);
        const headers: Record<string, string> = { Location: `/api/jobs/${job.jobId}` };
        if (repeated) {
          headers[replayedHeader] = "true";
        }
        return { status: 201, body: job, headers };
      },
    }),
  ];
}
