import type { JobException } from "../host/host-messages.ts";
import type { AttemptOutcome, EndedStatus } from "../job-status.ts";
import type { JournalItem } from "../journal.ts";
import type { StreamRecord } from "../stream.ts";

/*
 * The records socket: `GET /api/worker/records`, opened after the control socket with the same token.
 * First frame from the worker: `records-hello`. Then `append` frames in order of their numbers, each job on its own,
 * under the credits of `session-limits.ts`; each is answered by `acknowledged` (it is committed) or `refused`
 * (the attempt is not the current one: drop it). After a reconnect the worker sends again all that is not acknowledged;
 * the service stores a number once. The end of an attempt travels here too, so that it cannot overtake a record.
 */

export const recordsPath = "/api/worker/records";

export interface RecordsHelloFrame {
  type: "records-hello";
  protocol: number;
  workerId: string;
  instanceId: string;
  /**
   * False: to be refused where the control socket is not, so that the next try may come to the service that has it; the worker does
   * so a few times, since a slot is free sooner when both end at one service. Taken by any service otherwise.
   */
  elsewhere?: boolean;
}

/** How an attempt ended. */
export interface AttemptEnd {
  outcome: AttemptOutcome;
  /** What brought it to its end: the script itself, or the worker. */
  reason: "script" | "stopped" | "time-limit" | "host-lost" | "worker-error" | "output-limit";
  exception?: JobException;
  result?: unknown;
  exitCode?: number;
  /** Milliseconds since the epoch by the service's clock. */
  endedAt: number;
}

/** An end that is the job's, or leads to another attempt; a suspension does neither. */
export type FinalEnd = AttemptEnd & { outcome: EndedStatus };

/** When an attempt got its host, and when its script was handed over; milliseconds since the epoch by the service's clock. */
export interface AttemptTimes {
  hostReadyAt: number;
  runningAt: number;
}

export interface AppendFrame {
  type: "append";
  jobId: string;
  attempt: number;
  /** In the first frame of an attempt that got a host, and again on a new connection until one was acknowledged. */
  times?: AttemptTimes;
  /** In order, without gaps; may be empty when only the times or the end are told. */
  records: StreamRecord[];
  /** From version 3 on; in order, and behind the records that came before them. Stored before anything that comes after. */
  journal?: JournalItem[];
  ended?: AttemptEnd;
}

/** Committed: every record of the attempt up to `number`, the items of its journal up to `journal`, and the end if `ended`. */
export interface AcknowledgedFrame {
  type: "acknowledged";
  jobId: string;
  attempt: number;
  number: number;
  /** 0 where none was in the frames that this answers; left out by services before version 3, which keep no journal. */
  journal?: number;
  ended: boolean;
}

export interface RefusedFrame {
  type: "refused";
  jobId: string;
  attempt: number;
}

export type WorkerRecordsFrame = RecordsHelloFrame | AppendFrame;
export type ServiceRecordsFrame = AcknowledgedFrame | RefusedFrame;
