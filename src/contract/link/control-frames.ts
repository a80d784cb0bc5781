import type { Analysis } from "../analysis.ts";
import type { AssetAnswer, AssetRequest } from "../assets.ts";
import type { ChildRunbook, RunbookAnswer, RunbookRequest } from "../child-runbook.ts";
import type { Grant } from "../grant.ts";
import type { JobException, LogSwitches } from "../host/host-messages.ts";
import type { JournalEntry } from "../journal.ts";
import type { HostKind, RunbookKind } from "../runbook-kind.ts";
import type { ParameterSchema } from "../signature.ts";

/*
 * The control socket: `GET /api/worker/control`, a WebSocket opened by the worker with `Authorization: Bearer <worker token>`.
 * Text frames, one JSON object each. The worker speaks first (`hello`), the service answers `welcome` or closes
 * with code 4001 (token refused), 4002 (version refused) or 4003 (another link of the same worker took over).
 */

export const controlPath = "/api/worker/control";

/**
 * A service and a worker understand each other when their versions are the same or neighbours; the older of the two is spoken.
 * 2: the service may send `drain`. 3: the worker may send `asset-request`, and masks the `secrets` of `run-job`.
 * Also from 3 on: journals and checkpoints of jobs are stored; the service may send `suspend-job`; the worker may send `runbook-request`.
 */
export const linkProtocolVersion = 3;

/** The first version whose workers ask for assets. */
export const assetsProtocolVersion = 3;

/** The first version whose workers go on from a journal, and are told to suspend. */
export const journalProtocolVersion = 3;

/** The first version whose workers ask about other runbooks and jobs. */
export const childrenProtocolVersion = 3;

/** WebSocket close codes of both worker sockets. */
export const linkCloseCodes = {
  unauthorized: 4001,
  versionRefused: 4002,
  replaced: 4003,
  badFrame: 4004,
  shuttingDown: 4005,
} as const;

/** An attempt as both sides name it. */
export interface AttemptReference {
  jobId: string;
  attempt: number;
}

export interface HostKindOffer {
  kind: HostKind;
  /** The runtime's version, such as `26.10.0` or `7.6.5`. */
  version: string;
  /** Jobs of this kind at once; as many as the worker has slots when left out. */
  slots?: number;
}

/** Worker → service, first frame. */
export interface HelloFrame {
  type: "hello";
  protocol: number;
  /** Runsmith's version. */
  version: string;
  /** Made anew at each start of the worker's process; a new instance has lost the jobs of the former one. */
  instanceId: string;
  hostName: string;
  /** Jobs at once, of all kinds together. */
  slots: number;
  hostKinds: HostKindOffer[];
  /** Why a host kind is not offered, such as "no pwsh on PATH". */
  missingHostKinds: { kind: HostKind; reason: string }[];
  sandbox: "bubblewrap" | "none";
  /** Attempts whose hosts live or whose end is not acknowledged yet. */
  running: AttemptReference[];
}

/** Service → worker, answer to `hello`. */
export interface WelcomeFrame {
  type: "welcome";
  protocol: number;
  workerId: string;
  group: string;
  /** Milliseconds from the moment the worker SENT its last acknowledged heartbeat (the hello counts as one). */
  leaseDuration: number;
  /** Milliseconds since the epoch by the database's clock. */
  serviceTime: number;
  /** Attempts the worker must go on with; every other one it named in `running` it kills and forgets. */
  keep: AttemptReference[];
}

/** Worker → service, every quarter of a lease. */
export interface HeartbeatFrame {
  type: "heartbeat";
  sequence: number;
  freeSlots: number;
  /** Idle hosts ready, by kind. */
  warmHosts: Partial<Record<HostKind, number>>;
  /** 1-minute load average and resident bytes of the worker. */
  load: number;
  memory: number;
  /** Processors that it may use, bytes of the machine's memory, and those of them that are available. */
  cores?: number;
  totalMemory?: number;
  availableMemory?: number;
}

export interface HeartbeatAcknowledgedFrame {
  type: "heartbeat-acknowledged";
  sequence: number;
  serviceTime: number;
  leaseDuration: number;
}

/** Service → worker: a claimed job. The worker answers on the records socket, with its progress, its records and its end. */
export interface RunJobFrame {
  type: "run-job";
  jobId: string;
  attempt: number;
  runbook: { id: string; name: string; kind: RunbookKind };
  /** SHA-256 of `script`, hexadecimal; the script is null when this link has carried it before. */
  scriptHash: string;
  script: string | null;
  parameters: Record<string, unknown>;
  parameterSchemas: Record<string, ParameterSchema>;
  logs: LogSwitches;
  grants: Grant[];
  /** Milliseconds; null means without limit. */
  timeLimit: number | null;
  stopGrace: number;
  /** Bytes of output after which the rest is cut with a visible notice. */
  outputLimit: number;
  /**
   * One host may serve jobs of the same key, kind and grants one after another; null or absent where the job has a host of
   * its own.
   */
  reuseKey?: string | null;
  /** Secret texts that earlier attempts of the job were given; masked in what this one says. */
  secrets?: string[];
  /** What earlier attempts have done, in their order. */
  journal?: JournalEntry[];
  /** The job's last checkpoint. */
  checkpoint?: string;
  /** Runbooks that its text names, as they were when the job was started; further ones are asked for by `runbook-request`. */
  children?: CarriedChild[];
}

/** Its script is null when this link has carried it before, or carries no more. */
export type CarriedChild = ChildRunbook & { scriptHash: string };

/** Worker → service: the script of this hash is not in the worker's cache any more; answered by `script`. */
export interface ScriptNeededFrame {
  type: "script-needed";
  scriptHash: string;
  jobId: string;
}

export interface ScriptFrame {
  type: "script";
  scriptHash: string;
  script: string;
}

/** Service → worker: end the job. Repeating it is harmless; `force` kills at once. */
export interface StopJobFrame {
  type: "stop-job";
  jobId: string;
  attempt: number;
  reason: string;
  force: boolean;
}

/** Service → worker, from version 3 on: end the attempt as Suspended at the next step. Repeating it is harmless. */
export interface SuspendJobFrame {
  type: "suspend-job";
  jobId: string;
  attempt: number;
}

/** Service → worker: this attempt is not yours any more: kill it and send nothing more of it. */
export interface DropJobFrame {
  type: "drop-job";
  jobId: string;
  attempt: number;
}

/** Worker → service: no new jobs, please (SIGTERM); the worker closes the link when its jobs are over. */
export interface DrainingFrame {
  type: "draining";
}

/** Service → worker, from version 2 on: take no more jobs, and end when those that run are over. Repeating it is harmless. */
export interface DrainFrame {
  type: "drain";
}

/** Worker → service: a job pushed after `draining` or for a slot that is not there; the service puts it back, same attempt number not reused. */
export interface JobDeclinedFrame {
  type: "job-declined";
  jobId: string;
  attempt: number;
  reason: string;
}

/** Service → worker: analyse a PowerShell script in a sandbox without network. */
export interface AnalyseFrame {
  type: "analyse";
  requestId: string;
  name: string;
  script: string;
}

export interface AnalysisFrame {
  type: "analysis";
  requestId: string;
  analysis: Analysis | null;
  /** Why there is no analysis. */
  error?: string;
}

/**
 * Worker → service, from version 3 on: a running job asks for an asset, or sets a variable. Sent again over the next link when this one
 * breaks before the answer.
 */
export interface AssetRequestFrame {
  type: "asset-request";
  /** Of the worker's process. */
  requestId: string;
  jobId: string;
  attempt: number;
  request: AssetRequest;
}

export interface AssetAnswerFrame {
  type: "asset-answer";
  requestId: string;
  answer: AssetAnswer;
}

/** Worker → service, from version 3 on: a running job asks about another runbook or job. Sent again as an `asset-request` is. */
export interface RunbookRequestFrame {
  type: "runbook-request";
  /** Of the worker's process. */
  requestId: string;
  jobId: string;
  attempt: number;
  request: RunbookRequest;
}

export interface RunbookAnswerFrame {
  type: "runbook-answer";
  requestId: string;
  answer: RunbookAnswer;
}

export type WorkerControlFrame =
  | HelloFrame
  | HeartbeatFrame
  | JobDeclinedFrame
  | ScriptNeededFrame
  | DrainingFrame
  | AnalysisFrame
  | AssetRequestFrame
  | RunbookRequestFrame;

export type ServiceControlFrame =
  | WelcomeFrame
  | HeartbeatAcknowledgedFrame
  | RunJobFrame
  | ScriptFrame
  | StopJobFrame
  | SuspendJobFrame
  | DropJobFrame
  | DrainFrame
  | AnalyseFrame
  | AssetAnswerFrame
  | RunbookAnswerFrame;

export type { JobException };
