import type { AttemptReference } from "../../contract/link/control-frames.ts";
import type { FinalEnd } from "../../contract/link/records-frames.ts";
import type { JobStreamRecord, StreamName } from "../../contract/stream.ts";
import type { AssignedAttempt, JobEffects } from "./jobs.ts";

/**
 * Records of one attempt, by column, since a structured clone of columns costs a fraction of that of as many objects.
 * All columns have the same length; numbers are in order.
 */
export interface RecordColumns {
  numbers: Float64Array;
  /** Positions in `streamNames`. */
  streams: Uint8Array;
  /** Milliseconds since the epoch. */
  times: Float64Array;
  texts: string[];
  /** JSON texts, null where there is no structured value; left out when no record has one. */
  values?: (string | null)[];
  /** `recordFlags`, added up. */
  flags: Uint8Array;
}

/** Bits of `stream_records.flags`. */
export const recordFlags = { cut: 1, continued: 2 } as const;

/** What a worker reports of one attempt at one moment. */
export interface RecordBatch extends AssignedAttempt {
  records: RecordColumns;
  ended: FinalEnd | null;
}

/** A stage that an attempt has reached. Milliseconds since the epoch. */
export interface AttemptProgress extends AssignedAttempt {
  hostReadyAt: number | null;
  runningAt: number | null;
}

export interface AppendedBatch extends AttemptReference {
  /**
   * `refused`: the attempt is not the current one, or not this worker's. `gap`: numbers are missing before the first record,
   * nothing of the batch was stored.
   */
  outcome: "stored" | "refused" | "gap";
  /** The last number that is stored. */
  number: number;
  ended: boolean;
}

/** Where a reader is: the last record it has. */
export interface RecordPosition {
  attempt: number;
  number: number;
}

export interface StreamReads {
  /**
   * Records of a job in their order, after a position, of one stream, not older than `since` (milliseconds).
   * A page ends at `limit` records or about `bytes` bytes of text, and holds at least one record where there is one.
   */
  records(of: {
    jobId: string;
    stream?: StreamName;
    after?: RecordPosition;
    since?: number;
    limit: number;
    bytes: number;
  }): { records: JobStreamRecord[]; more: boolean };
}

export interface StreamWrites {
  /**
   * Stores what workers report: progress first, then records, then ends. A record whose number is stored already is passed
   * over, so that repeating a batch changes nothing. An end also decides what comes next: another attempt, or the job's end.
   */
  appendRecords(of: {
    progress: AttemptProgress[];
    batches: RecordBatch[];
    /** Jobs whose ends somebody waits for, none when left out: see `JobEffects.ended`. */
    awaited?: readonly string[];
  }): {
    batches: AppendedBatch[];
    effects: JobEffects;
  };
}
