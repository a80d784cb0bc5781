import type { HostKindOffer } from "../link/control-frames.ts";

/** A worker as the API shows it. */
export interface WorkerResource {
  workerId: string;
  name: string;
  group: string;
  status: "connected" | "draining" | "lost" | "never-connected";
  version: string | null;
  hostName: string | null;
  sandbox: string | null;
  slots: number;
  runningJobs: number;
  hostKinds: HostKindOffer[];
  lastSeenAt: string | null;
  createdAt: string;
}

/** The answer to `new-worker`: the only time the token is shown. */
export interface NewWorkerResource extends WorkerResource {
  token: string;
}
