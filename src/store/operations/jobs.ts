import type { ConcurrencyPolicy, Isolation } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import type { JobException, LogSwitches } from "../../contract/host/host-messages.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import type { AttemptReference } from "../../contract/link/control-frames.ts";
import type { FinalEnd } from "../../contract/link/records-frames.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import type { Signature } from "../../contract/signature.ts";
import type { Actor } from "../actor.ts";
import type { IdempotencyKey } from "./idempotency.ts";
import type { NewJobStep } from "./new-job-step.ts";
import type { VisibleRunbooks } from "./runbooks.ts";
import type { SeenLink } from "./schedules.ts";

/** A job as it is read. Secret parameters are replaced by `secretPlaceholder` already: only a claim gives their values. */
export interface StoredJob {
  jobId: string;
  runbookId: string;
  runbookName: string;
  runbookKind: RunbookKind;
  versionId: string;
  versionNumber: number;
  draft: boolean;
  status: JobStatus;
  placementId: string;
  /** The group that its placement names first; null when it names workers only. */
  workerGroup: string | null;
  hostKind: HostKind;
  /** The larger goes first. */
  priority: number;
  /**
   * Of a job that a concurrency rule, or the hold of its runbook, keeps out of the queue: how many jobs of the runbook were ahead
   * of it when this was read, of which at most `parkedCounted` are parked themselves. Else null.
   */
  parkedBehind: number | null;
  attempt: number;
  workerId: string | null;
  workerName: string | null;
  parameters: Record<string, unknown>;
  grants: Grant[];
  sandbox: string | null;
  isolation: Isolation | null;
  startedBy: string;
  acceptedAt: number;
  claimedAt: number | null;
  hostReadyAt: number | null;
  firstRecordAt: number | null;
  endedAt: number | null;
  statusReason: string | null;
  exception: JobException | null;
  result: unknown;
  exitCode: number | null;
  errorCount: number;
  warningCount: number;
  recordCount: number;
  /** The ended job that this one was started in place of. */
  retryOf: string | null;
  /** The job whose script started it. */
  parentJobId: string | null;
  /** The schedule that started it, and the time that it was due at; null when something else did. */
  scheduleId: string | null;
  dueAt: number | null;
}

/** Of the parked jobs ahead of a job no more are counted than this. */
export const parkedCounted = 1_000;

/** The queue that a job waits in: that of its placement. */
export interface QueueKey {
  placementId: string;
  hostKind: HostKind;
}

/** An attempt and the worker that it was given to. */
export interface AssignedAttempt extends AttemptReference {
  workerId: string;
}

/** That an attempt has to end. */
export interface StopOrder {
  /** For the script, and for people. */
  reason: string;
  /** At once, without grace. */
  force: boolean;
}

/** What an operation did to jobs besides its own answer, so that those who wait for it can be told. */
export interface JobEffects {
  /** Jobs whose row changed. */
  changedJobs: string[];
  /** Queues that got a job, once for each job. */
  queued: QueueKey[];
  /** Attempts that are not current any more. */
  overAttempts: AssignedAttempt[];
  /** Running attempts that must be told to end. */
  stops: (AssignedAttempt & StopOrder)[];
  /**
   * Jobs that reached their end, by the status they ended with; with the job as it is then, where that was asked for and costs the store
   * next to nothing.
   */
  ended: { jobId: string; status: JobStatus; job?: StoredJob }[];
}

/** From where a job was started. */
export type JobOrigin = Pick<Actor, "signedInBy" | "address" | "requestId">;

/** The job that starts another. */
export interface JobParent {
  jobId: string;
  /** Made of what the call is named in the parent, the same in each of its attempts. */
  callId: string;
  /** Whether the child is stopped when the parent is. */
  stopsWithParent: boolean;
  /** The parent's attempt that asks; left out where it need not be the current one. */
  askedBy?: AssignedAttempt;
}

/** A version of another runbook that a job runs. */
export interface PinnedChild {
  name: string;
  versionId: string;
}

export interface AcceptJob {
  jobId: string;
  runbookId: string;
  /** The version whose signature the parameters were checked against. */
  versionId: string;
  versionNumber: number;
  draft: boolean;
  /** The folder that the runbook was in when it was decided that a job of it may be started; left out where nothing was decided. */
  folderId?: string | null;
  parameters: Record<string, unknown>;
  secretNames: string[];
  /** A parameter names a credential, whose password the job will have. */
  namesCredential?: boolean;
  /** Name of the principal. */
  startedBy: string;
  /** The runbook's when left out. */
  priority?: number | null;
  /** Id of the principal; left out where nobody in particular asked. */
  starterId?: string | null;
  /** For the audit; left out where the service starts it by itself. */
  startedFrom?: JobOrigin | null;
  /** The ended job that this one is started in place of. */
  retryOf?: string | null;
  /** Whose script starts it, and by which of its calls; a call starts one job. */
  parent?: JobParent | null;
  /** The version was the current one when the parent began, and need not be any more. */
  isPinned?: boolean;
  /** The principal that it has to act as; left out where it is the runbook's, whoever that is. */
  runAs?: string | null;
  /** The versions that it runs inside itself; left out where it names no other runbook. */
  children?: readonly PinnedChild[];
  /** What it has of the job that it goes on from, as if a first attempt had done it. */
  steps?: readonly NewJobStep[];
  /** The time of a schedule that it is the job of; at most one job is accepted for it. */
  scheduledFor?: (SeenLink & { dueAt: number }) | null;
  idempotency: IdempotencyKey | null;
}

/** What another job like an ended one is made of; besides a claim the only place where the values of secret parameters come out. */
export interface JobToRetry {
  jobId: string;
  runbookId: string;
  runbookName: string;
  draft: boolean;
  versionId: string;
  /** The principal that it acted as. */
  runAs: string | null;
  status: JobStatus;
  /** As they are stored: secret ones may be sealed. */
  parameters: Record<string, unknown>;
  secretNames: string[];
  /** The newest job that was started in place of it; null when there is none. */
  retriedAs: string | null;
}

export type AcceptedJob =
  | { outcome: "accepted"; job: StoredJob; repeated: boolean; effects: JobEffects }
  /**
   * The runbook is gone, disabled, or has another version or folder by now, or the principal that its jobs act as is gone, disabled or
   * another one: look at it again.
   */
  | { outcome: "changed" }
  /** The attempt of the parent that asks is not the current one any more. */
  | { outcome: "attempt-over" }
  /** Link or schedule are gone, disabled, or were changed. */
  | { outcome: "schedule-changed" }
  /** It is known already what became of the time. */
  | { outcome: "decided" }
  /** The concurrency rule refuses a further job. */
  | { outcome: "refused"; runbookName: string; limit: number; effects: JobEffects };

/** A worker, as long as it has this link. */
export interface WorkerLink {
  workerId: string;
  instanceId: string;
  linkId: string;
}

/** Free slots of one worker. */
export interface SlotOffer {
  workerId: string;
  instanceId: string;
  /** The link over which it would be given a job: the offer counts while that is the worker's link. Left out where none is meant. */
  linkId?: string;
  /** In all. */
  slots: number;
  /** Of these at most so many for each kind of host; none where a kind is left out. */
  kindSlots: Partial<Record<HostKind, number>>;
  /** Whose jobs it may have now. */
  placementIds: string[];
}

/** With which other jobs of its version and grants a job may share a host, one after another. */
export type HostReuse = "never" | "same-starter" | "any-starter";

/** A job that a worker now has; the only place where the values of secret parameters come out. */
export interface ClaimedJob extends AttemptReference {
  workerId: string;
  placementId: string;
  hostKind: HostKind;
  runbookId: string;
  runbookName: string;
  runbookKind: RunbookKind;
  versionId: string;
  parameters: Record<string, unknown>;
  logs: LogSwitches;
  grants: Grant[];
  timeLimit: number | null;
  stopGrace: number;
  outputLimit: number;
  isolation: Isolation;
  /** With which jobs it shares its host; `never` with isolation `job`. */
  hostReuse: HostReuse;
  /** Id of the principal that started it. */
  starterId: string | null;
  claimedAt: number;
}

export type StoppedJob =
  | { outcome: "not-found" }
  /** It is in none of the states in which it was to be stopped. */
  | { outcome: "changed"; job: StoredJob }
  | { outcome: "ended"; job: StoredJob }
  | { outcome: "stopped" | "stopping"; job: StoredJob; effects: JobEffects };

/** One line of a job's history of attempts. */
export interface StoredAttempt {
  attempt: number;
  workerId: string;
  workerName: string | null;
  claimedAt: number;
  endedAt: number | null;
  /** How it ended: a job's ended status, `Lost`, or `Declined`; null while it runs. */
  outcome: string | null;
  reason: string | null;
}

/** The text and the signature of a version, for its run. */
export interface VersionToRun {
  versionId: string;
  number: number;
  runbook: { runbookId: string; name: string; kind: RunbookKind; folderId: string | null };
  /** Names of runbooks that it may call. */
  calls: string[];
  signature: Signature;
  executable: string;
  /** SHA-256 of the executable, hexadecimal. */
  executableHash: string;
}

/** Where purging by number has to stop. */
export interface PurgeBoundary {
  endedAt: number;
  jobId: string;
}

/** Which jobs: those that fit everything that is named. */
export interface StoredJobFilter {
  /** An id or a name. */
  runbook?: string;
  /** In one of these states. */
  statuses?: readonly JobStatus[];
  /** Accepted then or later, and before then; milliseconds since the epoch. */
  since?: number;
  until?: number;
  workerGroup?: string;
  /** Id or name of the worker that has it, or had its last attempt. */
  worker?: string;
  /** Without regard to (ASCII) case. */
  startedBy?: string;
  /** A tag that its runbook has now. */
  tag?: string;
  /** The runbooks whose jobs may be shown; all when it is left out. Jobs of runbooks that are gone are of those only that are named. */
  visibleTo?: VisibleRunbooks;
}

/**
 * What a page of jobs holds: at most `limit` of them, fewer once they are about `bytes` bytes of text together, and fewer, even
 * none, when many jobs had to be looked at: `next` alone tells whether there is more.
 */
export interface JobsPage extends StoredJobFilter {
  /** The `next` of the page before. */
  after?: string;
  limit: number;
  bytes: number;
}

export interface JobReads {
  job(of: { jobId: string }): StoredJob | null;
  jobsById(of: { jobIds: string[] }): StoredJob[];
  /** The runbook of a job, and the principal that the job acts as; null when there is no such job. */
  jobStanding(of: { jobId: string }): { runbookId: string; draft: boolean; runAs: string | null } | null;

  /** Newest first. */
  jobs(of: JobsPage): { items: StoredJob[]; next: string | null };

  /**
   * The answer to an acceptance that was asked for before under this key; null when there was none.
   * @throws UserError `idempotency-key-reused` (422).
   */
  jobAcceptedBefore(of: IdempotencyKey): StoredJob | null;

  /** Null when there is no such job. */
  jobToRetry(of: { jobId: string }): JobToRetry | null;

  /** Null when there is no such job. */
  jobAttempts(of: { jobId: string }): StoredAttempt[] | null;

  /**
   * Attempts that these links' workers have by the database for so many milliseconds, and that nothing was heard of: their hosts are
   * being started, or nobody knows of them.
   */
  silentAttempts(of: { links: WorkerLink[]; age: number }): AssignedAttempt[];

  /** Null when the version is gone, or has no executable text. */
  versionToRun(of: { versionId: string }): VersionToRun | null;

  /** How many jobs wait in each queue; costs as much as there are jobs waiting. */
  queueLengths(): (QueueKey & { runOn: string[]; jobs: number })[];

  /** Whether a job's start deadline has passed. */
  overdueJobsExist(): boolean;

  /** The newest ended job that is too many when `keep` of them are kept; null when none is. */
  purgeBoundary(of: { keep: number }): PurgeBoundary | null;
}

export interface JobWrites {
  /**
   * Accepts a job: its row, its parameters and its place in the queue, or what the concurrency rule says.
   * @throws UserError `idempotency-key-reused` (422).
   */
  acceptJob(job: AcceptJob): AcceptedJob;

  /**
   * Gives waiting jobs to workers, at most `limit`, from the queues that are named: the highest priority first, and within it each
   * queue and each runbook in its turn. An offer is passed over of a worker whose lease has ended, that may have no jobs, or whose
   * group is held. `more` names placements of which jobs may be left that these offers had no place for. Jobs of a held runbook
   * are parked on the way.
   */
  claimJobs(of: { queues: QueueKey[]; offers: SlotOffer[]; limit: number }): {
    claimed: ClaimedJob[];
    passedOver: string[];
    more: string[];
    effects: JobEffects;
  };

  /** Puts an attempt back that its worker never started; its number is not used again. Nothing happens when it is over. */
  putBackJob(of: AssignedAttempt & { reason: string }): JobEffects;

  /** Ends an attempt in the service's own name; nothing happens when it is over. */
  endAttempt(of: AssignedAttempt & { end: FinalEnd }): JobEffects;

  /** Ends a job that has not started, or asks the running attempt to end; with `statuses` only when it is in one of them. */
  stopJob(of: { jobId: string; requestedBy: string; force: boolean; statuses?: readonly JobStatus[] }): StoppedJob;

  /** Ends jobs that were not started by their deadline, at most `limit`. */
  failOverdueJobs(of: { limit: number }): JobEffects;

  /**
   * Ends attempts that should be over and are not: their worker is alive and does not end them, so it is not believed any more.
   * One that was told to stop has stopped, any other has reached its time limit.
   */
  giveUpAttempts(of: { attempts: AssignedAttempt[] }): JobEffects;

  /**
   * Lets parked jobs into the queue where the concurrency rule has room: of one runbook, or of all, and at most `limit` of each.
   * `more` says that the limit ended it.
   */
  releaseParkedJobs(of: { runbookId?: string; limit: number }): { effects: JobEffects; more: boolean };

  /**
   * Deletes ended jobs with all they have, oldest end first: those that ended before `endedBefore`, and those up to `upTo`.
   * Works for about `budget` milliseconds and says whether more is left.
   */
  purgeJobs(of: { endedBefore: number; upTo: PurgeBoundary | null; budget: number }): {
    jobs: number;
    records: number;
    more: boolean;
  };
}

/** How a runbook's concurrency rule reads at the moment of an acceptance. */
export interface ConcurrencyRule {
  limit: number | null;
  policy: ConcurrencyPolicy;
}
