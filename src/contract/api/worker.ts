import type { HostKindOffer } from "../link/control-frames.ts";

/**
 * What is known of a worker's process. `draining`: it takes no more jobs and ends when those it has are over; `lost`: its lease
 * ended without a word; `disconnected`: it drained and has gone.
 */
export const workerStatuses = ["connected", "draining", "lost", "disconnected", "never-connected"] as const;
export type WorkerStatus = (typeof workerStatuses)[number];

/**
 * What operators let a worker do: `open`, it gets jobs; `cordoned`, it gets no further ones; `draining`, it was told to end when
 * those it has are over.
 */
export const workerAdmissions = ["open", "cordoned", "draining"] as const;
export type WorkerAdmission = (typeof workerAdmissions)[number];

/** What a worker's last heartbeat told of its machine and itself. */
export interface WorkerVitals {
  /** 1-minute load average. */
  load: number;
  /** Processors that it may use; null where it did not say. */
  cores: number | null;
  /** Resident bytes of the worker's own process. */
  memory: number;
  /** Bytes of the machine's memory, and those of them that are available; null where it did not say. */
  totalMemory: number | null;
  availableMemory: number | null;
}

/** A worker as the API shows it. */
export interface WorkerResource {
  workerId: string;
  name: string;
  group: string;
  tags: string[];
  status: WorkerStatus;
  admission: WorkerAdmission;
  version: string | null;
  hostName: string | null;
  sandbox: string | null;
  slots: number;
  runningJobs: number;
  /** `slots` of a kind bounds its jobs beside the worker's own slots. */
  hostKinds: HostKindOffer[];
  vitals: WorkerVitals | null;
  lastSeenAt: string | null;
  createdAt: string;
}

/** The answer to `new-worker`: the only time the token is shown. */
export interface NewWorkerResource extends WorkerResource {
  token: string;
}

/** A worker group as the API shows it. The ETag of the resource is `"<revision>"`. */
export interface WorkerGroupResource {
  name: string;
  description: string;
  /** Milliseconds; null where the installation's lease holds. */
  leaseDuration: number | null;
  workers: number;
  connectedWorkers: number;
  /** Of connected workers. */
  slots: number;
  runningJobs: number;
  /** Why its dispatch is held; null when it is not. */
  held: string | null;
  createdAt: string;
  modifiedAt: string;
  modifiedBy: string;
  revision: number;
}
