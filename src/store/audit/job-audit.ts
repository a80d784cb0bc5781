import type { ChildJobWrites } from "../operations/child-jobs.ts";
import type { JobParameterWrites } from "../operations/job-parameters.ts";
import type { JobSecretWrites } from "../operations/job-secrets.ts";
import type { JobStepWrites } from "../operations/job-steps.ts";
import type { JobWrites } from "../operations/jobs.ts";
import type { StreamWrites } from "../operations/streams.ts";
import type { AuditRules } from "./audit-rule.ts";
import { notAudited } from "./audit-rule.ts";

const byTheService = "the service does it by rules, and the job's row tells it";
const byTheWorker = "a worker reports it, and the job's row tells it";

export const jobAudit: AuditRules<
  JobWrites & ChildJobWrites & JobParameterWrites & JobSecretWrites & JobStepWrites & StreamWrites
> = {
  acceptJob: notAudited(
    "the job's row tells who started it and when; a second row for each job would cost as much again",
  ),
  claimJobs: notAudited(byTheService),
  putBackJob: notAudited(byTheWorker),
  endAttempt: notAudited(byTheService),
  stopJob: {
    tell: ({ argument, result }) =>
      result.outcome === "stopped" || result.outcome === "stopping"
        ? {
            action: "stop",
            kind: "job",
            id: argument.jobId,
            name: result.job.runbookName,
            before: {},
            after: { status: result.job.status, requestedBy: argument.requestedBy, force: argument.force },
          }
        : null,
  },
  failOverdueJobs: notAudited(byTheService),
  giveUpAttempts: notAudited(byTheService),
  releaseParkedJobs: notAudited(byTheService),
  purgeJobs: notAudited("the service does it, by the installation's retention"),
  appendRecords: notAudited(byTheWorker),
  addJobSteps: notAudited(byTheWorker),
  suspendAttempt: notAudited(byTheWorker),
  suspendJob: {
    tell: ({ argument, result }) =>
      result.outcome === "suspending"
        ? {
            action: "suspend",
            kind: "job",
            id: argument.jobId,
            name: result.job.runbookName,
            before: {},
            after: { status: result.job.status, requestedBy: argument.requestedBy },
          }
        : null,
  },
  resumeJob: {
    tell: ({ argument, result }) =>
      result.outcome === "done"
        ? {
            action: "resume",
            kind: "job",
            id: argument.jobId,
            name: result.job.runbookName,
            before: { status: "Suspended" },
            after: { status: result.job.status, requestedBy: argument.requestedBy },
          }
        : null,
  },
  sendJobEvent: {
    tell: ({ argument, result }) =>
      result.outcome === "done"
        ? {
            action: "send-event",
            kind: "job",
            id: argument.jobId,
            name: result.job.runbookName,
            before: {},
            after: { event: argument.event },
          }
        : null,
  },
  answerApproval: {
    tell: ({ argument, result }) =>
      result.outcome === "done"
        ? {
            action: argument.answer.approved === true ? "approve" : "reject",
            kind: "job",
            id: argument.jobId,
            name: result.job.runbookName,
            before: {},
            after: { approved: argument.answer.approved === true, reason: argument.answer.reason ?? null },
          }
        : null,
  },
  resumeDueJobs: notAudited(byTheService),
  reopenJobSteps: notAudited("a part of a further attempt"),
  rewrapJobSteps: notAudited("a part of a rotation of the master key, which is told"),
  pinChild: notAudited("a job keeps which version of another runbook it runs"),
  hurryJob: notAudited("another job waits for it"),
  addJobSecrets: notAudited("the service remembers what further attempts of a job have to mask"),
  rewrapJobSecrets: notAudited("a part of a rotation of the master key, which is told"),
  rewrapJobParameters: notAudited("a part of a rotation of the master key, which is told"),
  purgeJobSecrets: notAudited("the service does it when a job has ended"),
};
