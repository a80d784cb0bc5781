import type {
  AnalyseFrame,
  AssetAnswerFrame,
  AttemptReference,
  DrainFrame,
  DropJobFrame,
  HelloFrame,
  RunbookAnswerFrame,
  RunJobFrame,
  ScriptFrame,
  StopJobFrame,
  SuspendJobFrame,
  WelcomeFrame,
  WorkerControlFrame,
} from "../../src/contract/link/control-frames.ts";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import type { ProcessIdentity } from "../sandbox/sandbox.ts";
import type { ServiceAddress } from "./service-connection.ts";

/*
 * Between the worker's main thread, which runs jobs, and its control thread, which holds the control socket, the lease and
 * the guard, so that neither output nor a busy job can keep a heartbeat from going out.
 */

/** What the control thread is started with. */
export interface ControlThreadData {
  address: ServiceAddress;
  /** The hello, except for what changes. */
  hello: Omit<HelloFrame, "type" | "protocol" | "running">;
  /** Of a `SharedDeadline`. */
  deadline: SharedArrayBuffer;
}

/** What a heartbeat tells of the worker. */
export interface WorkerStatus {
  freeSlots: number;
  warmHosts: Partial<Record<HostKind, number>>;
}

export type MessageToControlThread =
  | { type: "send"; frame: WorkerControlFrame }
  | { type: "status"; status: WorkerStatus }
  /** The service knows how the attempt ended, or has no use for it: it is not named in a hello any more. */
  | { type: "attempt-over"; attempt: AttemptReference }
  /** Again for a host of which more is known. */
  | { type: "guard-add"; id: number; identity: ProcessIdentity }
  | { type: "guard-remove"; ids: number[] }
  /** The lease was lost, and every job of it has been ended by the main thread. */
  | { type: "lease-loss-done" }
  | { type: "alive" }
  | { type: "close" };

export type ServiceJobFrame =
  | RunJobFrame
  | ScriptFrame
  | StopJobFrame
  | SuspendJobFrame
  | DropJobFrame
  | DrainFrame
  | AnalyseFrame
  | AssetAnswerFrame
  | RunbookAnswerFrame;

export type MessageFromControlThread =
  /** `server`: the service that it came from. */
  | { type: "welcome"; frame: WelcomeFrame; server: string }
  | { type: "frame"; frame: ServiceJobFrame }
  /** Service time minus monotonic time. */
  | { type: "clock"; offset: number }
  | { type: "disconnected"; reason: string }
  | { type: "lease-lost" }
  /** The service will not have this worker; no further try is made. */
  | { type: "refused"; code: string; message: string; status: number; remedy: string | null }
  | { type: "log"; level: "info" | "warn" | "error"; message: string; fields: Record<string, unknown> }
  | { type: "alive?" };
