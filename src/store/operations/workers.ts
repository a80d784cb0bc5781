import type { AttemptReference, HostKindOffer } from "../../contract/link/control-frames.ts";
import type { JobEffects } from "./jobs.ts";

/** A worker's row. */
export interface StoredWorker {
  workerId: string;
  principalId: string;
  name: string;
  group: string;
  status: "connected" | "draining" | "lost" | "never-connected";
  instanceId: string | null;
  version: string | null;
  hostName: string | null;
  sandbox: string | null;
  slots: number;
  hostKinds: HostKindOffer[];
  /** Jobs that it has now. */
  runningJobs: number;
  leaseExpiresAt: number | null;
  lastSeenAt: number | null;
  createdAt: number;
}

export interface HelloWorker {
  workerId: string;
  instanceId: string;
  version: string;
  hostName: string;
  sandbox: string;
  slots: number;
  hostKinds: HostKindOffer[];
  running: AttemptReference[];
  /** Milliseconds. */
  leaseDuration: number;
}

/** An attempt that a worker keeps over a reconnect. */
export interface KeptAttempt extends AttemptReference {
  claimedAt: number;
  /** Why it must end, when it was told to. */
  stopReason: string | null;
  /** Milliseconds; null means without limit. */
  timeLimit: number | null;
  stopGrace: number;
}

export interface WorkerReads {
  /** By name; `after` is the `next` of the page before. */
  workers(of: { after?: string; limit: number }): { items: StoredWorker[]; next: string | null };
  worker(of: { workerId: string }): StoredWorker | null;
  workerOfPrincipal(of: { principalId: string }): StoredWorker | null;
}

export interface WorkerWrites {
  /**
   * Creates a worker with its principal and its token.
   * @throws UserError `worker-exists` (409) when the name is taken.
   */
  createWorker(worker: { name: string; group: string; tokenHash: Uint8Array; tokenPurpose: string }): StoredWorker;

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
  helloWorker(hello: HelloWorker): {
    name: string;
    group: string;
    serviceTime: number;
    keep: KeptAttempt[];
    effects: JobEffects;
  } | null;

  /** Renews leases; gives the workers for which that came in time, at the database's time. */
  renewLeases(of: { workers: { workerId: string; instanceId: string; leaseDuration: number }[] }): {
    serviceTime: number;
    renewed: string[];
  };

  /** No further jobs for this worker. */
  drainWorker(of: { workerId: string; instanceId: string }): void;

  /** Ends the attempts of workers whose lease has ended, and clears away removed workers. */
  expireLeases(): { lost: { workerId: string; name: string }[]; effects: JobEffects };
}
