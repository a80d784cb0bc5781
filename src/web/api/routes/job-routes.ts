import type { IncomingMessage } from "node:http";
import type { StreamName } from "../../../contract/stream.ts";
import { streamNames } from "../../../contract/stream.ts";
import type { CallersJobs } from "../../../jobs/callers-jobs.ts";
import { EventPositions } from "../event-positions.ts";
import type { EventStreams } from "../event-streams.ts";
import { abortedWith, feedAnswer } from "../feed-answer.ts";
import { replayedHeader } from "../idempotency.ts";
import { recordPosition, recordPositionSchema } from "../record-position.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import type { JobFilterQuery } from "../schemas/job-filter-schemas.ts";
import { filterOfQuery, jobFilterQuery } from "../schemas/job-filter-schemas.ts";
import { startJobSchema, stopJobSchema } from "../schemas/job-schemas.ts";
import { streamText } from "../stream-text.ts";

/** Parameters travel in one frame to the worker and in one message to the host. */
const startBodyLimit = 1024 * 1024;

interface OneJob {
  params: { jobId: string };
}

const oneJob = { 200: { description: "The job.", schema: resource("Job") } };

/** `/api/jobs` and what is below it. */
export function jobRoutes(jobs: CallersJobs, streams: EventStreams): Route[] {
  return [
    route<{ body: { runbook: string; parameters?: Record<string, unknown>; draft?: boolean; priority?: number } }>({
      method: "POST",
      path: "/api/jobs",
      name: "startJob",
      summary:
        "Starts a runbook. The answer comes when the job is stored, and from then on it is not lost. With `Accept: text/event-stream` the answer goes on with the job's events, as `/api/events` gives them, and ends with the job.",
      access: "operate",
      body: { schema: startJobSchema, limit: startBodyLimit, limitReason: "parameters are values, not files" },
      idempotency: "own",
      logLevel: "debug",
      responses: {
        201: {
          description: "The accepted job, or its events.",
          schema: resource("Job"),
          otherMediaTypes: ["text/event-stream"],
        },
      },
      async handle(request) {
        const { body, caller, idempotency = null, requestId, log } = request;
        const start = { ...body, idempotency };
        const followed = prefersEvents(request.incoming) ? abortedWith(request.signal) : null;
        const { job, repeated, feed } =
          followed === null
            ? { ...(await jobs.startJob(start, caller)), feed: null }
            : await jobs.startAndFollow(start, caller, followed.signal);
        if (log.isEnabled("debug")) {
          const { jobId, runbookName, startedBy } = job;
          log.debug("a job was accepted", { requestId, jobId, runbookName, startedBy, repeated });
        }
        const headers: Record<string, string> = { Location: `/api/jobs/${job.jobId}` };
        if (repeated) {
          headers[replayedHeader] = "true";
        }
        if (followed === null || feed === null) {
          return { status: 201, body: job, headers };
        }
        const positions = new EventPositions([job.jobId], []);
        return feedAnswer({ feed, positions, gone: followed, reader: caller, streams, status: 201, headers });
      },
    }),
    route<{ query: PageQuery & JobFilterQuery }>({
      method: "GET",
      path: "/api/jobs",
      name: "listJobs",
      summary: "Lists jobs, newest first.",
      access: "read",
      query: { ...jobFilterQuery, ...pageQuery },
      responses: {
        200: {
          description: "A page of jobs; with a filter it may hold few jobs, or none, and still have a next one.",
          schema: pageOf("Job"),
        },
      },
      async handle({ query: { after, limit = defaultPage, ...filter }, caller }) {
        const page = { ...filterOfQuery(filter), limit, ...(after !== undefined && { after }) };
        return { status: 200, body: await jobs.listJobs(page, caller) };
      },
    }),
    route<OneJob>({
      method: "GET",
      path: "/api/jobs/{jobId}",
      name: "getJob",
      summary: "One job.",
      access: "read",
      responses: oneJob,
      async handle({ params, caller }) {
        return { status: 200, body: await jobs.getJob(params.jobId, caller) };
      },
    }),
    route<OneJob & { body: { force?: boolean } }>({
      method: "POST",
      path: "/api/jobs/{jobId}/stop",
      name: "stopJob",
      summary: "Asks a job to end; it is killed after its grace, or at once by force. Asking again is harmless.",
      access: "operate",
      body: { schema: stopJobSchema, limit: 4096, optional: true },
      responses: { 202: { description: "The job, which ends soon or has ended now.", schema: resource("Job") } },
      async handle({ params, body, caller }) {
        const force = body.force === true;
        return { status: 202, body: await jobs.stopJob({ jobId: params.jobId, force }, caller) };
      },
    }),
    route<OneJob & { query: PageQuery }>({
      method: "GET",
      path: "/api/jobs/{jobId}/children",
      name: "listChildJobs",
      summary: "The jobs that the script of a job has started, in their order.",
      access: "read",
      query: pageQuery,
      responses: {
        200: {
          description: "A page of jobs; those that the caller may not read are left out.",
          schema: pageOf("Job"),
        },
      },
      async handle({ params, query: { after, limit = defaultPage }, caller }) {
        const page = { jobId: params.jobId, limit, ...(after !== undefined && { after }) };
        return { status: 200, body: await jobs.listChildren(page, caller) };
      },
    }),
    route<OneJob>({
      method: "GET",
      path: "/api/jobs/{jobId}/attempts",
      name: "listJobAttempts",
      summary: "The attempts of a job, in order.",
      access: "read",
      responses: { 200: { description: "All attempts.", schema: pageOf("JobAttempt") } },
      async handle({ params, caller }) {
        return { status: 200, body: await jobs.listAttempts(params.jobId, caller) };
      },
    }),
    route<OneJob & { query: PageQuery & { stream?: StreamName; since?: string } }>({
      method: "GET",
      path: "/api/jobs/{jobId}/records",
      name: "listJobRecords",
      summary: "The stream records of a job, in order.",
      access: "read",
      query: {
        stream: { enum: streamNames },
        since: { type: "string", format: "date-time", description: "Leaves out older ones." },
        after: recordPositionSchema,
        limit: pageQuery.limit,
      },
      responses: { 200: { description: "A page of records.", schema: pageOf("JobStreamRecord") } },
      async handle({ params, query, caller }) {
        const records = {
          jobId: params.jobId,
          limit: query.limit ?? defaultPage,
          ...(query.stream !== undefined && { stream: query.stream }),
          ...(query.since !== undefined && { since: Date.parse(query.since) }),
          ...(query.after !== undefined && { after: recordPosition(query.after) }),
        };
        return { status: 200, body: await jobs.listRecords(records, caller) };
      },
    }),
    route<OneJob & { query: { stream?: StreamName | "any" } }>({
      method: "GET",
      path: "/api/jobs/{jobId}/output.txt",
      name: "getJobOutput",
      summary: "The text of a stream as one file.",
      access: "read",
      query: { stream: { enum: [...streamNames, "any"], description: "Output by default; `any` is all of them." } },
      responses: { 200: { description: "The text.", mediaType: "text/plain" } },
      async handle({ params, query, signal, caller }) {
        const stream = query.stream ?? "Output";
        const text = jobs.readText({ jobId: params.jobId, ...(stream !== "any" && { stream }) }, caller);
        return streamText(text, signal);
      },
    }),
  ];
}

/** Whether the caller asks for events rather than for one answer. */
function prefersEvents({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes("text/event-stream") === true;
}
