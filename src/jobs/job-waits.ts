import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { JobResource } from "../contract/api/job.ts";
import type { ApprovalResource, JobStepResource } from "../contract/api/job-step.ts";
import type { Page } from "../contract/api/page.ts";
import type { JournalKind } from "../contract/journal.ts";
import { UserError } from "../contract/user-error.ts";
import { newId } from "../store/new-id.ts";
import type { SettledWait, StoredApproval, StoredJobStep } from "../store/operations/job-steps.ts";
import type { AssignedAttempt, JobEffects, StoredJob } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { JobJournal } from "./job-journal.ts";
import { jobNotFound, knownJobId, knownPageKey } from "./job-queries.ts";
import { isEnded } from "./job-transitions.ts";
import { onlyWaits, openWaits, waitingText } from "./suspension-reason.ts";

export interface JobWaitsOptions {
  store: Pick<Store, "read" | "write">;
  /** Null where nothing can be sealed: then no event can be sent. */
  journal: Pick<JobJournal, "sealEvent"> | null;
  resource(job: StoredJob): JobResource;
  onEffects(effects: JobEffects): void;
  /** Tells the worker of an attempt to suspend it. */
  onSuspend(attempt: AssignedAttempt): void;
}

/** Approvals that are read at once, and how often for one page: of 2,000 that others are asked for, the page's reader learns at the next. */
const lookedAtOnce = 200;
const mostLooks = 10;

/** Jobs that wait: what they have done, what they wait for, and what people, programs and time do about that. */
export class JobWaits {
  readonly #options: JobWaitsOptions;

  constructor(options: JobWaitsOptions) {
    this.#options = options;
  }

  /** In their order. @throws UserError `job-not-found` (404) */
  async steps(id: string): Promise<Page<JobStepResource>> {
    const jobId = knownJobId(id);
    const { store } = this.#options;
    const steps = await store.read.jobSteps({ jobId, all: false });
    if (steps.length === 0 && (await store.read.job({ jobId })) === null) {
      throw jobNotFound(jobId);
    }
    return { items: steps.map(toResource), next: null };
  }

  /**
   * Asks a running job to suspend itself at its next step.
   * @throws UserError `job-not-found` (404), `job-not-running` (409)
   */
  async suspend(of: { jobId: string; requestedBy: string }): Promise<JobResource> {
    const jobId = knownJobId(of.jobId);
    const result = await this.#options.store.write.suspendJob({ ...of, jobId });
    if (result.outcome === "not-found") {
      throw jobNotFound(jobId);
    }
    if (result.outcome === "refused") {
      throw new UserError(
        "job-not-running",
        `The job is ${result.job.status}, and only one that runs can be suspended.`,
        {
          status: 409,
          ...remedyOfUnsuspendable(result.job),
        },
      );
    }
    this.#options.onEffects({ changedJobs: [jobId], queued: [], overAttempts: [], stops: [], ended: [] });
    this.#options.onSuspend(result.attempt);
    return this.#options.resource(result.job);
  }

  /**
   * Lets a suspended job go on; not one that would only wait again.
   * @throws UserError `job-not-found` (404), `job-not-suspended`, `waits-for-approval`, `waits-for-event`, `waits-for-time` (409)
   */
  async resume(of: { jobId: string; requestedBy: string }): Promise<JobResource> {
    const jobId = knownJobId(of.jobId);
    const { read, write } = this.#options.store;
    const [stored, steps] = await Promise.all([read.job({ jobId }), read.jobSteps({ jobId, all: false })]);
    const waits = openWaits(steps);
    if (stored !== null && onlyWaits(stored, waits)) {
      throw waitsForOthers(jobId, waits);
    }
    const settled = await write.resumeJob({ ...of, jobId });
    return this.#done(jobId, settled, (job) => ({
      code: "job-not-suspended",
      message: `The job is ${job.status}, and only one that is Suspended can be resumed.`,
      remedy: `See how it stands: npx runsmith get-job ${jobId}`,
    }));
  }

  /**
   * Sends an event to a job that waits for it, or will.
   * @throws UserError `job-not-found` (404), `job-ended` (409)
   */
  async sendEvent(of: { jobId: string; name: string; value: unknown; sentBy: string }): Promise<JobResource> {
    const jobId = knownJobId(of.jobId);
    const { store, journal } = this.#options;
    if (journal === null) {
      throw new UserError("events-unavailable", "This service cannot seal values, so it takes no events.", {
        status: 503,
      });
    }
    const stepId = newId();
    const settled = await store.write.sendJobEvent({
      jobId,
      stepId,
      event: of.name,
      name: of.name,
      sealed: journal.sealEvent(stepId, of.value ?? null),
      answer: { by: of.sentBy, at: Date.now() },
    });
    return this.#done(jobId, settled, (job) => ({
      code: "job-ended",
      message: `The job has ended already, as ${job.status}.`,
      remedy: "Send events to jobs that are open.",
    }));
  }

  /** Those that `mayAnswer` takes, of a bounded number that is looked at, the oldest first. @throws UserError `invalid-page-key` */
  async approvals(
    { after, limit }: { after: string | null; limit: number },
    mayAnswer: (approval: StoredApproval) => Promise<boolean>,
  ): Promise<Page<ApprovalResource>> {
    const items: ApprovalResource[] = [];
    let last = after === null ? null : knownPageKey(after);
    for (let looks = 0; looks < mostLooks; looks++) {
      const looked = await this.#options.store.read.openApprovals({ after: last, limit: lookedAtOnce });
      for (const approval of looked) {
        last = approval.stepId;
        if (await mayAnswer(approval)) items.push(toApprovalResource(approval));
        if (items.length === limit) return { items, next: last };
      }
      if (looked.length < lookedAtOnce) return { items, next: null };
    }
    return { items, next: last };
  }

  /**
   * An approval that is waited for: the one of this id, or the only one.
   * @throws UserError `approval-not-found` (404), `approval-ambiguous` (409)
   */
  async openApproval(id: string, stepId: string | null): Promise<StoredJobStep> {
    const jobId = knownJobId(id);
    const { read } = this.#options.store;
    const steps = await read.jobSteps({ jobId, all: false });
    const open = steps.filter(
      (step) => step.kind === "approval" && step.endedAt === null && (stepId === null || step.stepId === stepId),
    );
    const [first] = open;
    if (first === undefined) {
      const job = await read.job({ jobId });
      throw job === null ? jobNotFound(jobId) : waitsForNone(job, steps, stepId);
    }
    if (open.length > 1) {
      throw new UserError("approval-ambiguous", `The job waits for ${open.length} approvals.`, {
        status: 409,
        remedy: `Name one by its id, with --step: npx runsmith get-approval ${jobId} lists them.`,
      });
    }
    return first;
  }

  /** @throws UserError `job-not-found` (404), `approval-answered` (409) */
  async answer(of: {
    jobId: string;
    stepId: string;
    approved: boolean;
    by: string;
    reason: string;
  }): Promise<JobResource> {
    const { jobId, stepId, approved, by, reason } = of;
    const settled = await this.#options.store.write.answerApproval({
      jobId: knownJobId(jobId),
      stepId,
      answer: { approved, by, reason, at: Date.now() },
    });
    return this.#done(jobId, settled, () => ({
      code: "approval-answered",
      message: "Somebody has answered it already, or the job has ended.",
      remedy: `See the answer: npx runsmith get-approval ${jobId}`,
    }));
  }

  #done(
    jobId: string,
    settled: SettledWait,
    refusal: (job: StoredJob) => { code: string; message: string; remedy: string },
  ): JobResource {
    if (settled.outcome === "not-found") {
      throw jobNotFound(jobId);
    }
    if (settled.outcome === "refused") {
      const { code, message, remedy } = refusal(settled.job);
      throw new UserError(code, message, { status: 409, remedy });
    }
    this.#options.onEffects(settled.effects);
    return this.#options.resource(settled.job);
  }
}

function remedyOfUnsuspendable({ jobId, status }: StoredJob): { remedy: string } {
  if (status === "Suspended")
    return { remedy: `It is suspended already; npx runsmith resume-job ${jobId} lets it go on.` };
  if (status === "New")
    return { remedy: "Hold the dispatch of its runbook to keep waiting jobs from starting, or stop the job." };
  if (!isEnded(status)) return { remedy: "Wait for its end." };
  return { remedy: `It is over; npx runsmith restart-job ${jobId} starts it again behind the steps that it has done.` };
}

/** Why there is nothing to answer; where there was, what was answered. */
function waitsForNone({ jobId, status }: StoredJob, steps: readonly StoredJobStep[], stepId: string | null): UserError {
  const last = steps.findLast((step) => step.kind === "approval" && (stepId === null || step.stepId === stepId));
  const answer = last?.answer ?? null;
  const answered =
    answer?.by === undefined
      ? ""
      : ` The last one was ${answer.approved === true ? "approved" : "rejected"} by ${answer.by}.`;
  return new UserError(
    "approval-not-found",
    `The job waits for no ${stepId === null ? "approval" : "such approval"}: it is ${status}.${answered}`,
    { status: 404, remedy: `See what it asked, and who answered: npx runsmith get-approval ${jobId}` },
  );
}

function waitsForOthers(jobId: string, waits: readonly StoredJobStep[]): UserError {
  const wait = waits.find(({ kind }) => kind === "approval") ?? waits.find(({ kind }) => kind === "event");
  const remedies = {
    approval: `Answer it: npx runsmith approve ${jobId} or npx runsmith reject ${jobId}`,
    event: `Send it: npx runsmith send-event ${jobId} ${JSON.stringify(wait?.event ?? wait?.name)} --value JSON.`,
    time: `It goes on by itself then; npx runsmith stop-job ${jobId} ends it.`,
  };
  const kind = wait === undefined ? "time" : wait.kind === "approval" ? "approval" : "event";
  const message = `The job ${waitingText(waits)}. Resumed, it would only wait again.`;
  return new UserError(`waits-for-${kind}`, message, { status: 409, remedy: remedies[kind] });
}

function toApprovalResource({ addressedTo, askedAt, until, ...approval }: StoredApproval): ApprovalResource {
  return { ...approval, to: addressedTo, since: isoTime(askedAt), until: isoTimeOrNull(until) };
}

function toResource(step: StoredJobStep): JobStepResource {
  return {
    stepId: step.stepId,
    kind: step.kind as JournalKind,
    name: step.name,
    branch: step.branch,
    attempt: step.attempt,
    startedAt: isoTime(step.startedAt),
    endedAt: isoTimeOrNull(step.endedAt),
    until: isoTimeOrNull(step.until),
    event: step.event,
    message: step.message,
    to: step.addressedTo,
    result: step.result === null ? null : JSON.parse(step.result),
    answer: step.answer,
  };
}
