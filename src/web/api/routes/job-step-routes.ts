import type { CallersJobs } from "../../../jobs/callers-jobs.ts";
import { replayedHeader } from "../idempotency.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { answerApprovalSchema, restartJobSchema, sendEventSchema } from "../schemas/job-step-schemas.ts";

interface OneJob {
  params: { jobId: string };
}

/** An event's value is data rather than a file. */
const eventLimit = 1024 * 1024;

const accepted = { 202: { description: "The job.", schema: resource("Job") } };

/** What durable jobs have done, what they wait for, and what is done about that. */
export function jobStepRoutes(jobs: CallersJobs): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/approvals",
      name: "listApprovals",
      summary: "The approvals that jobs wait for and the caller may answer, the oldest first.",
      access: "read",
      query: pageQuery,
      responses: {
        200: { description: "A page; one may be short, or empty, before the last.", schema: pageOf("Approval") },
      },
      async handle({ query: { after, limit = defaultPage }, caller }) {
        return { status: 200, body: await jobs.listApprovals({ after: after ?? null, limit }, caller) };
      },
    }),
    route<OneJob>({
      method: "GET",
      path: "/api/jobs/{jobId}/steps",
      name: "listJobSteps",
      summary: "The steps of a job, with their times and results, and what it waits or waited for.",
      access: "read",
      responses: { 200: { description: "All steps, in order.", schema: pageOf("JobStep") } },
      async handle({ params, caller }) {
        return { status: 200, body: await jobs.listSteps(params.jobId, caller) };
      },
    }),
    route<OneJob & { body: { from?: string } }>({
      method: "POST",
      path: "/api/jobs/{jobId}/restart",
      name: "restartJob",
      summary:
        "Starts an ended job again, as a new job of the same version with the same parameters that has done what the former one had: all of it, or what was before a step. A workflow goes on from its last checkpoint.",
      access: "operate",
      body: { schema: restartJobSchema, limit: 64 * 1024 },
      idempotency: "own",
      responses: { 201: { description: "The newer job.", schema: resource("Job") } },
      async handle({ params, body, caller, idempotency = null }) {
        const { from = null } = body;
        const { job, repeated } = await jobs.restartJob({ jobId: params.jobId, from, idempotency }, caller);
        const headers: Record<string, string> = { Location: `/api/jobs/${job.jobId}` };
        if (repeated) {
          headers[replayedHeader] = "true";
        }
        return { status: 201, body: job, headers };
      },
    }),
    route<OneJob>({
      method: "POST",
      path: "/api/jobs/{jobId}/suspend",
      name: "suspendJob",
      summary: "Asks a running job to suspend itself at its next step.",
      access: "operate",
      responses: accepted,
      async handle({ params, caller }) {
        return { status: 202, body: await jobs.suspendJob(params.jobId, caller) };
      },
    }),
    route<OneJob>({
      method: "POST",
      path: "/api/jobs/{jobId}/resume",
      name: "resumeJob",
      summary: "Lets a suspended job go on, with the version that it started with, on any worker.",
      access: "operate",
      responses: accepted,
      async handle({ params, caller }) {
        return { status: 202, body: await jobs.resumeJob(params.jobId, caller) };
      },
    }),
    route<OneJob & { body: { name: string; value?: unknown } }>({
      method: "POST",
      path: "/api/jobs/{jobId}/events",
      name: "sendJobEvent",
      summary: "Sends an event to a job that waits for it, or will.",
      access: "operate",
      body: { schema: sendEventSchema, limit: eventLimit, limitReason: "an event's value is data, not a file" },
      responses: accepted,
      async handle({ params, body, caller }) {
        const event = { jobId: params.jobId, name: body.name, value: body.value };
        return { status: 202, body: await jobs.sendEvent(event, caller) };
      },
    }),
    route<OneJob & { body: { approved: boolean; reason?: string; stepId?: string } }>({
      method: "POST",
      path: "/api/jobs/{jobId}/approval",
      name: "answerApproval",
      summary:
        "Approves or rejects what a job waits for: by those whom it is addressed to, or who may operate its runbook.",
      access: "read",
      body: { schema: answerApprovalSchema, limit: 64 * 1024 },
      responses: accepted,
      async handle({ params, body, caller }) {
        const { approved, reason = "", stepId = null } = body;
        return {
          status: 202,
          body: await jobs.answerApproval({ jobId: params.jobId, stepId, approved, reason }, caller),
        };
      },
    }),
  ];
}
