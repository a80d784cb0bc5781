/** The streams of a job, by PowerShell's names. */
export const streamNames = ["Output", "Error", "Warning", "Verbose", "Debug", "Progress", "Information"] as const;

export type StreamName = (typeof streamNames)[number];

/** A structured value is cut at this depth of nesting and this many bytes of JSON. */
export const structuredValueDepth = 2;
export const structuredValueBytes = 64 * 1024;

/** A text longer than this many UTF-16 units is split over several records, marked `continued`. */
export const recordTextLength = 256 * 1024;

/** What a host emits: a record without its number, which the worker gives. */
export interface EmittedRecord {
  stream: StreamName;
  /** Milliseconds since the epoch, by the clock of the machine that wrote it. */
  time: number;
  /** What a person reads; never absent. */
  text: string;
  /** The structured form of the same record, where it has one. */
  value?: unknown;
  /** The structured value was cut at the depth, the size or a failing getter. */
  cut?: boolean;
  /** The text goes on in the next record of the same stream. */
  continued?: boolean;
}

/** One numbered entry of an attempt's output. `number` starts at 1 and has no gaps. `time` is by the service's clock. */
export interface StreamRecord extends EmittedRecord {
  number: number;
}

/** A stream record as readers of a job see it. `id` is `attempt.number`, the SSE event id. */
export interface JobStreamRecord {
  id: string;
  attempt: number;
  number: number;
  stream: StreamName;
  /** UTC, ISO 8601 with milliseconds. */
  time: string;
  text: string;
  value?: unknown;
  cut?: boolean;
  continued?: boolean;
}
