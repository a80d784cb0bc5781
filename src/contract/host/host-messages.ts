import type { Analysis } from "../analysis.ts";
import type { AssetError, AssetRequest, AssetValue } from "../assets.ts";
import type { ChildRunbook, RunbookAnswer, RunbookRequest } from "../child-runbook.ts";
import type { JobException } from "../job-exception.ts";
import type { JournalEntry, JournalItem } from "../journal.ts";
import type { LogSwitches } from "../log-switches.ts";
import type { RunbookKind } from "../runbook-kind.ts";
import type { ParameterSchema } from "../signature.ts";
import type { StreamName } from "../stream.ts";

/*
 * Between a worker and its host: one JSON object a line, UTF-8, `\n` ended.
 * The host reads on file descriptor 3 and writes on 4; 0 is empty, 1 and 2 belong to the script.
 *
 *   host               worker
 *   ready          ->                 warm, blocked in a read of descriptor 3
 *                  <-  run | analyse  the hand-over; once in a host's life, unless it said `keep`
 *   record ...     ->
 *   asset-request  ->                 a script asks for an asset; the host goes on reading
 *                  <-  asset-answer
 *   runbook-request ->                a script calls another runbook, or has to do with other jobs
 *                  <-  runbook-answer
 *   step-begun     ->                 a step is under way until the journal has it, or the step around it
 *   journal        ->                 something of the script is to be kept for further attempts
 *                  <-  journal-stored it is
 *                  <-  suspend        at most once: end as Suspended where nothing is under way that would be lost
 *                  <-  stop           at most once
 *   ended          ->                 then the host exits by itself; after `kept` it says `ready` again, and so on
 */

export type { JobException, LogSwitches };

/** Descriptors of the host protocol. */
export const hostInputDescriptor = 3;
export const hostOutputDescriptor = 4;

/** The hand-over: everything that may differ between two jobs of one profile. */
export interface RunMessage {
  type: "run";
  jobId: string;
  attempt: number;
  runbook: { name: string; kind: RunbookKind };
  /** What the host runs: stripped JavaScript (positions as in the TypeScript), or PowerShell as imported. */
  script: string;
  parameters: Record<string, unknown>;
  /** `Signature.properties`: how PowerShell binds, which values are secret. */
  parameterSchemas: Record<string, ParameterSchema>;
  logs: LogSwitches;
  /** Columns of PowerShell's formatter. */
  width: number;
  /** Milliseconds that the script has to end by itself after `stop`. */
  stopGrace: number;
  /**
   * Another job may follow in this host, if this one leaves nothing of itself behind. `folders` are the host's private ones,
   * which it empties before; nothing of anybody else's lies in them.
   */
  keep?: { folders: readonly string[] };
  /** What earlier attempts have done, in their order; left out where there is nothing. */
  journal?: JournalEntry[];
  /** The last checkpoint that a host of this kind made of the job. */
  checkpoint?: string;
  /** To pwsh hosts: the runbooks that the script names; left out where it names none. */
  children?: ChildRunbook[];
}

/** To a pwsh host: say what a PowerShell script declares, without running it. */
export interface AnalyseMessage {
  type: "analyse";
  name: string;
  script: string;
  /** Write a workflow as a plain script, too. */
  readable?: true;
}

export interface StopMessage {
  type: "stop";
  /** What to tell the script, such as "stopped by an operator". */
  reason: string;
}

/** What became of the request of this number: its value, `{}` for a variable that is set, or an error. */
export interface AssetAnswerMessage {
  type: "asset-answer";
  requestId: number;
  value?: AssetValue;
  error?: AssetError;
  /** The script now knows a secret: no other job may follow in this host. */
  secret?: boolean;
}

/**
 * What a script asks about other runbooks and jobs; `call`: what a host needs to run one within itself, its parameters checked.
 * `endpoint`: by which address the script means to reach the service, where it names one.
 */
export type HostRunbookRequest = (
  | RunbookRequest
  | { action: "call"; name: string; parameters: Record<string, unknown> }
) & { endpoint?: string };

/** To a `call`: `parameters` under the names of its signature, with the credentials that they name where the child runs in this host. */
export type HostRunbookAnswer = RunbookAnswer | { child: ChildRunbook; parameters: Record<string, unknown> };

/** What became of the request of this number. */
export interface RunbookAnswerMessage {
  type: "runbook-answer";
  requestId: number;
  answer: HostRunbookAnswer;
}

/** Every item up to this one is stored. */
export interface JournalStoredMessage {
  type: "journal-stored";
  sequence: number;
}

/** Somebody wants the job suspended. */
export interface SuspendMessage {
  type: "suspend";
}

export type WorkerToHostMessage =
  | RunMessage
  | AnalyseMessage
  | StopMessage
  | AssetAnswerMessage
  | RunbookAnswerMessage
  | JournalStoredMessage
  | SuspendMessage;

/** The host waits for its hand-over. `version` is the runtime's, such as `26.10.0`. */
export interface ReadyMessage {
  type: "ready";
  version: string;
}

/** A stream record; `time` in milliseconds since the epoch. */
export interface RecordMessage {
  type: "record";
  stream: StreamName;
  time: number;
  text: string;
  value?: unknown;
  cut?: boolean;
  continued?: boolean;
}

/** The script is over. Sent once, after every record. */
export interface EndedMessage {
  type: "ended";
  /** `Suspended`: the job goes on from its journal or its checkpoint; an exception may say why. */
  outcome: "Completed" | "Failed" | "Stopped" | "Suspended";
  exception?: JobException;
  /** What a TypeScript runbook returned, as a structured value; also its last Output record. */
  result?: unknown;
  /** The exit code that the script chose (`process.exit`, `exit n`). */
  exitCode?: number;
  /** Nothing of the script is left: the host will say `ready` again. */
  kept?: boolean;
  /** Why a host that was to be kept ends, for the worker's log. */
  notKept?: string;
}

/** The script asks for an asset, or sets a variable. Numbers are the host's, and none is used twice. */
export interface AssetRequestMessage {
  type: "asset-request";
  requestId: number;
  request: AssetRequest;
}

/** The script calls another runbook, or has to do with other jobs. Numbered as requests for assets are, and with them. */
export interface RunbookRequestMessage {
  type: "runbook-request";
  requestId: number;
  request: HostRunbookRequest;
}

/** To be stored in the order of the records; answered by `journal-stored`. */
export interface JournalMessage extends JournalItem {
  type: "journal";
}

/** So that the job tells what was under way when its script ended, however it ended. */
export interface StepBegunMessage {
  type: "step-begun";
  entry: JournalEntry;
}

export interface AnalysisMessage {
  type: "analysis";
  analysis: Analysis;
  /** The workflow as a plain script of PowerShell 7; left out where the script is none, or cannot be parsed. */
  readableScript?: string;
  /** Lines of the readable script on which a comment says what it does otherwise than the workflow: one for each comment. */
  linesToSee?: number[];
}

export type HostToWorkerMessage =
  | ReadyMessage
  | RecordMessage
  | EndedMessage
  | AnalysisMessage
  | AssetRequestMessage
  | RunbookRequestMessage
  | StepBegunMessage
  | JournalMessage;
