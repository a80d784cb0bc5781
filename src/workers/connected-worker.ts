import type { WorkerAdmission } from "../contract/api/worker.ts";
import type {
  AssetRequestFrame,
  HeartbeatFrame,
  HelloFrame,
  HostKindOffer,
  JobDeclinedFrame,
  RunbookRequestFrame,
  ScriptNeededFrame,
  ServiceControlFrame,
} from "../contract/link/control-frames.ts";
import type { AppendFrame, ServiceRecordsFrame } from "../contract/link/records-frames.ts";
import type { JobEffects } from "../store/operations/jobs.ts";
import type { KeptAttempt } from "../store/operations/workers.ts";

/** A worker whose control link stands, as those see it who give it jobs. */
export interface ConnectedWorker {
  readonly workerId: string;
  readonly instanceId: string;
  /** Of this link: jobs are given only over the link that the worker said hello by last, at whichever service. */
  readonly linkId: string;
  /** The version of the link that both sides speak. */
  readonly protocol: number;
  readonly name: string;
  readonly group: string;
  readonly tags: readonly string[];
  /** What operators let it do. */
  readonly admission: WorkerAdmission;
  readonly slots: number;
  readonly hostKinds: readonly HostKindOffer[];
  readonly missingHostKinds: HelloFrame["missingHostKinds"];
  /** It wants no further jobs. */
  readonly draining: boolean;
  /** What its last heartbeat said; null before the first. */
  readonly lastHeartbeat: HeartbeatFrame | null;
  /** Hashes of the scripts that this link has carried. */
  readonly carriedScripts: Set<string>;
  /** Says that a frame could go out; a link that is gone swallows it. */
  send(frame: ServiceControlFrame): void;
}

/** The worker's end of the records socket. */
export interface RecordsPeer {
  readonly workerId: string;
  /** Bytes of frames that were received and not answered yet; kept by who answers them. */
  unanswered: number;
  send(frame: ServiceRecordsFrame): void;
  /** Closes for a reason that is the worker's fault. */
  refuse(problem: string): void;
  /** Closes so that the worker connects again and repeats what was not acknowledged. */
  restart(reason: string): void;
}

/** What becomes of the frames that are about jobs. */
export interface JobLinkHandler {
  /** A worker is there, its hello is stored and answered. */
  workerConnected(worker: ConnectedWorker, keep: KeptAttempt[], effects: JobEffects): void;
  workerDisconnected(worker: ConnectedWorker): void;
  workerChanged(worker: ConnectedWorker): void;
  /** An operator changed its group, its tags or its admission. */
  workerTermsChanged(worker: ConnectedWorker): void;
  jobDeclined(worker: ConnectedWorker, frame: JobDeclinedFrame): void;
  scriptNeeded(worker: ConnectedWorker, frame: ScriptNeededFrame): void;
  assetRequested(worker: ConnectedWorker, frame: AssetRequestFrame): void;
  runbookRequested(worker: ConnectedWorker, frame: RunbookRequestFrame): void;
  recordsReceived(peer: RecordsPeer, frame: AppendFrame, bytes: number): void;
  /** Leases have ended. */
  attemptsLost(effects: JobEffects): void;
}
