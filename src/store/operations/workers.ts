import type { WorkerAdmission, WorkerStatus, WorkerVitals } from "../../contract/api/worker.ts";
import type { AttemptReference, HostKindOffer } from "../../contract/link/control-frames.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import type { JobEffects } from "./jobs.ts";

/** A worker's row. */
export interface StoredWorker {
  workerId: string;
  principalId: string;
  name: string;
  group: string;
  tags: string[];
  admission: WorkerAdmission;
  status: WorkerStatus;
  instanceId: string | null;
  version: string | null;
  /** Of the link, as it was agreed on last. */
  protocol: number | null;
  hostName: string | null;
  sandbox: string | null;
  slots: number;
  hostKinds: HostKindOffer[];
  /** Jobs that it has now. */
  runningJobs: number;
  /** What its last heartbeat told; null before the first. */
  vitals: WorkerVitals | null;
  leaseExpiresAt: number | null;
  lastSeenAt: number | null;
  createdAt: number;
}

/** What operators may change of a worker, as its service has to know it. */
export interface WorkerTerms {
  group: string;
  tags: string[];
  admission: WorkerAdmission;
  /** Milliseconds, as its group has it. */
  leaseDuration: number;
}

export interface HelloWorker {
  workerId: string;
  instanceId: string;
  /** Of the link that it says hello by, made for it. */
  linkId?: string;
  version: string;
  protocol: number;
  hostName: string;
  sandbox: string;
  slots: number;
  hostKinds: HostKindOffer[];
  running: AttemptReference[];
  /** By group, and where nothing is set for a group. */
  leases: LeaseDurations;
}

/** Milliseconds of leases where a group has none of its own in the database. */
export interface LeaseDurations {
  usual: number;
  /** By the group's name in lower case. */
  byGroup: Readonly<Record<string, number>>;
}

/** A heartbeat that has come. */
export interface WorkerRenewal {
  workerId: string;
  instanceId: string;
  /** Left out where it did not tell. */
  vitals?: WorkerVitals;
}

/** An attempt that a worker keeps over a reconnect. */
export interface KeptAttempt extends AttemptReference {
  hostKind: HostKind;
  claimedAt: number;
  /** Why it must end, when it was told to. */
  stopReason: string | null;
  /** At once, without grace. */
  stopForced: boolean;
  /** Milliseconds; null means without limit. */
  timeLimit: number | null;
  stopGrace: number;
}

export interface WorkerReads {
  /** By name, of these groups (in lower case) or of all; `after` is the `next` of the page before. */
  workers(of: { groups?: readonly string[]; after?: string; limit: number }): {
    items: StoredWorker[];
    next: string | null;
  };
  worker(of: { workerId: string }): StoredWorker | null;
  /** The name counts without regard to case. */
  workerByName(of: { name: string }): StoredWorker | null;
  workerOfPrincipal(of: { principalId: string }): StoredWorker | null;
}

export interface WorkerWrites {
  /**
   * Creates a worker with its principal and its token.
   * @throws UserError `worker-exists` (409) when the name is taken.
   */
  createWorker(worker: {
    name: string;
    group: string;
    tags?: string[];
    tokenHash: Uint8Array;
    tokenPurpose: string;
    /** Name of the principal; the service itself when left out. */
    createdBy?: string;
  }): StoredWorker;

  /** Changes what is given; null when there is no such worker. Its jobs stay with it. */
  changeWorker(change: {
    workerId: string;
    group?: string;
    tags?: string[];
    admission?: WorkerAdmission;
    changedBy: string;
  }): StoredWorker | null;

  /**
   * Revokes a worker's tokens at once. The row goes at once when it has no jobs, else when its lease has ended, since its hosts
   * may live until then. Null when there is no such worker.
   */
  removeWorker(of: { workerId: string }): { principalId: string } | null;

  /**
   * A worker is there (again): renews its lease, says which attempts it keeps, and settles the others: those of a former
   * instance are lost, where they can run again once its lease has ended, and those that it never got are put back. Null when
   * there is no such worker.
   */
  helloWorker(
    hello: HelloWorker,
  ): (WorkerTerms & { name: string; serviceTime: number; keep: KeptAttempt[]; effects: JobEffects }) | null;

  /**
   * Renews leases; gives the workers for which that came in time, at the database's time, and the longest lease of any worker.
   * With `atLeast` no lease becomes shorter than that many milliseconds.
   */
  renewLeases(of: { workers: WorkerRenewal[]; leases: LeaseDurations; atLeast?: number }): {
    serviceTime: number;
    renewed: (WorkerTerms & { workerId: string })[];
    longestLease: number;
  };

  /** No further jobs for this worker: it said so. */
  drainWorker(of: { workerId: string; instanceId: string }): void;

  /** A worker has drained and closed its link: when it has no job any more its lease is over, and it is not lost. */
  workerLeft(of: { workerId: string; instanceId: string }): void;

  /** Ends the attempts of workers whose lease has ended, and clears away removed workers. */
  expireLeases(): { lost: { workerId: string; name: string }[]; effects: JobEffects };
}
