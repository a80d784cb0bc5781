import { authorize, permits } from "../access/authorize.ts";
import { refuseNarrowToken } from "../access/narrow-token.ts";
import type { Permission } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";
import type { RunbookGate } from "../access/runbook-gate.ts";
import { refuseUnusableCredentials } from "../access/usable-credentials.ts";
import { visibleTo } from "../access/visible-to.ts";
import type { DispatchHoldResource } from "../contract/api/dispatch.ts";
import type { JobResource } from "../contract/api/job.ts";
import type { JobOutcome } from "../contract/api/job-filter.ts";
import type { ApprovalResource, JobStepResource } from "../contract/api/job-step.ts";
import type { Page } from "../contract/api/page.ts";
import type { JobStreamRecord, StreamName } from "../contract/stream.ts";
import { UserError } from "../contract/user-error.ts";
import type { Store } from "../store/store.ts";
import type { BulkRights, RetryJobsRequest, StopJobsRequest } from "./bulk-jobs.ts";
import type { HoldRequest, HoldSubject } from "./dispatch-holds.ts";
import type { FeedEvent } from "./job-feed.ts";
import type { ChildrenQuery, JobAttemptResource, JobsQuery, RecordsQuery } from "./job-queries.ts";
import { jobNotFound, knownJobId } from "./job-queries.ts";
import type { RestartRequest } from "./job-restarts.ts";
import type { JobsFeature } from "./jobs-feature.ts";
import type { FeedTopic } from "./live-feeds.ts";
import type { AdmittedRunbook, StartedJob, StartJobRequest } from "./start-job.ts";
import { runbookNotFound } from "./startable-runbooks.ts";

/** What a caller says of a job to be started; who starts it is the caller. */
export type JobRequest = Omit<
  StartJobRequest,
  | "startedBy"
  | "starterId"
  | "admit"
  | "admitCredentials"
  | "mayRead"
  | "jobId"
  | "retryOf"
  | "parent"
  | "pinned"
  | "steps"
>;

/** What a job says of one that it starts. */
export type ChildRequest = JobRequest & Pick<StartJobRequest, "parent" | "pinned">;

type Feed = AsyncGenerator<FeedEvent[], void, undefined>;

/**
 * Jobs as callers may see and work them. A job follows its runbook: who may read the runbook reads its jobs, and who may operate it
 * starts, stops and retries them. A draft is started by those who may edit it. What a caller may not even read is as if it were not
 * there. What goes on by itself, such as schedules, asks `JobsFeature`.
 */
export class CallersJobs {
  readonly #jobs: JobsFeature;
  readonly #store: Pick<Store, "read">;
  readonly #gate: RunbookGate;

  constructor(jobs: JobsFeature, store: Pick<Store, "read">, gate: RunbookGate) {
    this.#jobs = jobs;
    this.#store = store;
    this.#gate = gate;
  }

  /** @throws UserError as `JobStarter.start` says, `not-permitted` (403) */
  startJob(request: JobRequest, caller: Principal): Promise<StartedJob> {
    return this.#jobs.startJob({ ...request, ...this.#starter(caller, request) });
  }

  /** Starts a job that a job of this principal asks for. @throws UserError as `startJob` does */
  startChild(request: ChildRequest, caller: Principal): Promise<StartedJob> {
    return this.#jobs.startJob({ ...request, ...this.#starter(caller, { ...request, draft: false }) });
  }

  /** Whether a principal may read a runbook, of which only the id need be known. */
  mayReadRunbook(runbookId: string, caller: Principal): boolean | Promise<boolean> {
    return this.#gate.permits(caller, "read", runbookId);
  }

  /** The jobs that a job has started, in their order, those that the caller may read. @throws UserError `job-not-found` (404) */
  async listChildren(of: ChildrenQuery, caller: Principal): Promise<Page<JobResource>> {
    await this.#authorize(caller, "read", of.jobId);
    const page = await this.#jobs.listChildren(of);
    const readable = await Promise.all(page.items.map((job) => this.#gate.permits(caller, "read", job.runbookId)));
    return { ...page, items: page.items.filter((_, index) => readable[index] === true) };
  }

  /** See `JobsFeature.startAndFollow`. */
  startAndFollow(request: JobRequest, caller: Principal, signal: AbortSignal): Promise<StartedJob & { feed: Feed }> {
    return this.#jobs.startAndFollow({ ...request, ...this.#starter(caller, request) }, signal);
  }

  /** @throws UserError `job-not-found` (404), `job-ended` (409), `not-permitted` (403) */
  async stopJob({ jobId, force }: { jobId: string; force: boolean }, caller: Principal): Promise<JobResource> {
    await this.#authorize(caller, "operate", jobId);
    return this.#jobs.stopJob({ jobId, force, requestedBy: caller.name });
  }

  /** Stops a page of jobs; one that may be read and not stopped is `refused`. Throws UserErrors as `BulkJobs.stop` says. */
  stopJobs(request: Omit<StopJobsRequest, "requestedBy" | "rights">, caller: Principal): Promise<Page<JobOutcome>> {
    return this.#jobs.stopJobs({ ...request, requestedBy: caller.name, rights: this.#bulkRights(caller) });
  }

  /** @throws UserError `job-not-found` (404), `job-not-ended` (409), `not-permitted` (403), and what a start throws */
  async retryJob(
    of: Pick<RetryJobsRequest, "idempotency"> & { jobId: string },
    caller: Principal,
  ): Promise<StartedJob> {
    await this.#authorize(caller, "read", of.jobId);
    return this.#jobs.retryJob({ ...of, ...this.#retrier(caller) });
  }

  /**
   * Starts an ended job again behind what it has done, or at one of its steps.
   * @throws UserError as `JobRestarts.restart` says, `not-permitted` (403)
   */
  async restartJob(of: Pick<RestartRequest, "jobId" | "from" | "idempotency">, caller: Principal): Promise<StartedJob> {
    await this.#authorize(caller, "read", of.jobId);
    return this.#jobs.restartJob({ ...of, ...this.#retrier(caller) });
  }

  /** Starts a page of ended jobs again. Throws UserErrors as `BulkJobs.retry` says. */
  retryJobs(
    request: Omit<RetryJobsRequest, "startedBy" | "starterId" | "admit" | "admitCredentials" | "rights">,
    caller: Principal,
  ): Promise<Page<JobOutcome>> {
    return this.#jobs.retryJobs({ ...request, ...this.#retrier(caller), rights: this.#bulkRights(caller) });
  }

  /** @throws UserError `job-not-found` (404) */
  async getJob(jobId: string, caller: Principal): Promise<JobResource> {
    const job = await this.#jobs.getJob(jobId);
    return (await this.#gate.permits(caller, "read", job.runbookId)) ? job : throwNotFound(jobId);
  }

  /** Newest first, those that the caller may read. @throws UserError `invalid-page-key`, `invalid-filter` */
  listJobs(of: JobsQuery, caller: Principal): Promise<Page<JobResource>> {
    const visible = visibleTo(caller);
    return this.#jobs.listJobs(visible === null ? of : { ...of, visibleTo: visible });
  }

  /** In their order. @throws UserError `job-not-found` (404) */
  async listSteps(jobId: string, caller: Principal): Promise<Page<JobStepResource>> {
    await this.#authorize(caller, "read", jobId);
    return this.#jobs.waits.steps(jobId);
  }

  /** @throws UserError as `JobWaits.suspend` says, `not-permitted` (403) */
  async suspendJob(jobId: string, caller: Principal): Promise<JobResource> {
    await this.#authorize(caller, "operate", jobId);
    return this.#jobs.waits.suspend({ jobId, requestedBy: caller.name });
  }

  /** @throws UserError as `JobWaits.resume` says, `not-permitted` (403) */
  async resumeJob(jobId: string, caller: Principal): Promise<JobResource> {
    await this.#authorize(caller, "operate", jobId);
    return this.#jobs.waits.resume({ jobId, requestedBy: caller.name });
  }

  /** @throws UserError as `JobWaits.sendEvent` says, `not-permitted` (403) */
  async sendEvent(of: { jobId: string; name: string; value: unknown }, caller: Principal): Promise<JobResource> {
    await this.#authorize(caller, "operate", of.jobId);
    return this.#jobs.waits.sendEvent({ ...of, sentBy: caller.name });
  }

  /** Approvals that jobs wait for and the caller may answer, the oldest first; a page may be short before the last. @throws UserError `invalid-page-key` */
  listApprovals(of: { after: string | null; limit: number }, caller: Principal): Promise<Page<ApprovalResource>> {
    const isAddressed = this.#addressed(caller);
    return this.#jobs.waits.approvals(of, async ({ runbookId, addressedTo }) =>
      this.#gate.permits(caller, (await isAddressed(addressedTo)) ? "read" : "operate", runbookId),
    );
  }

  /**
   * Answers an approval: of those whom it is addressed to, or who may operate the runbook.
   * @param of `stepId`: null where the job waits for one only
   * @throws UserError as `JobWaits.openApproval` and `JobWaits.answer` say, `not-permitted` (403)
   */
  async answerApproval(
    of: { jobId: string; stepId: string | null; approved: boolean; reason: string },
    caller: Principal,
  ): Promise<JobResource> {
    await this.#authorize(caller, "read", of.jobId);
    const { stepId, addressedTo } = await this.#jobs.waits.openApproval(of.jobId, of.stepId);
    if (!(await this.#addressed(caller)(addressedTo))) {
      await this.#authorize(caller, "operate", of.jobId);
    }
    return this.#jobs.waits.answer({ ...of, stepId, by: caller.name });
  }

  /** @throws UserError `job-not-found` (404) */
  async listAttempts(jobId: string, caller: Principal): Promise<Page<JobAttemptResource>> {
    await this.#authorize(caller, "read", jobId);
    return this.#jobs.listAttempts(jobId);
  }

  /** In order. @throws UserError `job-not-found` (404) */
  async listRecords(of: RecordsQuery, caller: Principal): Promise<Page<JobStreamRecord>> {
    await this.#authorize(caller, "read", of.jobId);
    return this.#jobs.listRecords(of);
  }

  /** The text of a stream as a file, in pieces. @throws UserError `job-not-found` (404) */
  async *readText(
    of: { jobId: string; stream?: StreamName },
    caller: Principal,
  ): AsyncGenerator<string, void, undefined> {
    await this.#authorize(caller, "read", of.jobId);
    yield* this.#jobs.readText(of);
  }

  /** See `JobsFeature.openFeed`: of all jobs, those that the caller may read. @throws UserError `job-not-found` (404) */
  async openFeed(of: { topics: FeedTopic[]; signal: AbortSignal }, caller: Principal): Promise<Feed> {
    if (visibleTo(caller) === null) {
      return this.#jobs.openFeed(of);
    }
    for (const topic of of.topics) {
      if (topic.type === "job") {
        await this.#authorize(caller, "read", topic.jobId);
      }
    }
    return this.#visibleEvents(this.#jobs.openFeed(of), caller);
  }

  /** @throws UserError `runbook-not-found` (404), `invalid-hold`, `not-permitted` (403) */
  async holdDispatch(of: Omit<HoldRequest, "heldBy">, caller: Principal): Promise<DispatchHoldResource> {
    await this.#authorizeHold(caller, of);
    return this.#jobs.holdDispatch({ ...of, heldBy: caller.name });
  }

  /** @throws UserError `runbook-not-found` (404), `not-held` (409), `invalid-hold`, `not-permitted` (403) */
  async releaseDispatch(of: HoldSubject, caller: Principal): Promise<DispatchHoldResource> {
    await this.#authorizeHold(caller, of);
    return this.#jobs.releaseDispatch(of);
  }

  /** Holds of what the caller may read; that of everything is everybody's business. */
  listDispatchHolds(caller: Principal): Promise<DispatchHoldResource[]> {
    return this.#jobs.listDispatchHolds(({ scope, subject }) =>
      scope === "runbook"
        ? this.#gate.permits(caller, "read", subject)
        : scope === "all" || permits(caller, "read", { kind: "worker-group", name: subject }),
    );
  }

  /** Who starts a job, and the decisions whether it may, and with which credentials. */
  #starter(caller: Principal, { runbook: asked, draft = false }: Pick<JobRequest, "runbook" | "draft">) {
    const { admit, ...who } = this.#retrier(caller);
    return { ...who, admit: (runbook: AdmittedRunbook) => admit(runbook, draft, asked) };
  }

  /** The same of a job that is started again. */
  #retrier(caller: Principal) {
    return {
      startedBy: caller.name,
      starterId: caller.principalId,
      mayRead: (runbookId: string) => this.#gate.permits(caller, "read", runbookId),
      admit(runbook: AdmittedRunbook, draft: boolean, asked?: string) {
        admitted(caller, draft ? "edit" : "operate", runbook, asked);
        if (draft) refuseNarrowToken(caller);
      },
      admitCredentials: (names: readonly string[]) => refuseUnusableCredentials(this.#store, names, caller),
    };
  }

  /** @throws UserError `job-not-found` (404), `not-permitted` (403) */
  async #authorize(caller: Principal, permission: Permission, jobId: string): Promise<void> {
    if (permits(caller, permission, { kind: "everything" })) {
      return;
    }
    const job = await this.#store.read.jobStanding({ jobId: knownJobId(jobId) });
    if (job === null || !(await this.#gate.permits(caller, "read", job.runbookId))) {
      throwNotFound(jobId);
    }
    if (!(await this.#gate.permits(caller, permission, job.runbookId))) {
      throw notPermitted(caller, permission, `the job ${jobId}`);
    }
  }

  /**
   * Says whether the caller, or one of its groups, is among names; the groups are read once, however often it is asked. A token that was
   * made for less than operating answers nothing.
   */
  #addressed(caller: Principal): (names: readonly string[] | null) => Promise<boolean> {
    const mayAnswer = caller.scope === undefined || caller.scope.includes("operate");
    let own: Promise<ReadonlySet<string>> | undefined;
    return async (names) => {
      if (names === null || names.length === 0 || !mayAnswer) {
        return false;
      }
      own ??= this.#namesOf(caller);
      const known = await own;
      return names.some((name) => known.has(name.toLowerCase()));
    };
  }

  /** What `principalsNamed` takes for a principal and for its groups, in lower case. */
  async #namesOf({ kind, name, principalId, groupIds = [] }: Principal): Promise<ReadonlySet<string>> {
    const groups = await Promise.all(groupIds.map((groupId) => this.#store.read.principal({ principalId: groupId })));
    const all = [{ kind, name, principalId }, ...groups.filter((group) => group !== null)];
    const names = all.flatMap((one) => [one.name, `${one.kind}:${one.name}`, one.principalId]);
    return new Set(names.map((known) => known.toLowerCase()));
  }

  async #authorizeHold(caller: Principal, { scope, name = "" }: HoldSubject): Promise<void> {
    if (scope === "all") {
      authorize(caller, "operate", { kind: "everything" }, "everything");
    } else if (scope === "group") {
      authorize(caller, "operate", { kind: "worker-group", name }, `the worker group ${name}`);
    } else {
      const runbook = await this.#store.read.runbook({ runbook: name.normalize("NFC") });
      if (runbook !== null) {
        admitted(caller, "operate", runbook, name);
      }
    }
  }

  #bulkRights(caller: Principal): BulkRights {
    const visible = visibleTo(caller);
    return {
      ...(visible !== null && { visibleTo: visible }),
      permits: (permission, runbookId) => this.#gate.permits(caller, permission, runbookId),
      refusal: (jobId) => notPermitted(caller, "operate", `the job ${jobId}`).message,
    };
  }

  async *#visibleEvents(feed: Feed, caller: Principal): Feed {
    for await (const portion of feed) {
      const visible: FeedEvent[] = [];
      for (const event of portion) {
        // Records are of jobs that were asked for by their ids.
        if (event.type === "record" || (await this.#gate.permits(caller, "read", event.job.runbookId))) {
          visible.push(event);
        }
      }
      if (visible.length > 0) {
        yield visible;
      }
    }
  }
}

/** @param asked the runbook as the caller wrote it, which is all that is told of one that may not be read */
function admitted(
  caller: Principal,
  permission: Permission,
  { runbookId, folderId, name }: AdmittedRunbook,
  asked = name,
): void {
  const target = { kind: "runbook", runbookId, folderId } as const;
  if (!permits(caller, "read", target)) {
    throw runbookNotFound(asked);
  }
  authorize(caller, permission, target, `the runbook ${name}`);
}

function notPermitted(caller: Principal, permission: Permission, thing: string): UserError {
  return new UserError("not-permitted", `${caller.name} has no right to ${permission} ${thing}.`, {
    status: 403,
    remedy: `Ask an administrator for a right that includes "${permission}" on its runbook.`,
  });
}

function throwNotFound(jobId: string): never {
  throw jobNotFound(jobId);
}
