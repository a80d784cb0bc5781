import type { AttemptEnd } from "../../src/contract/link/records-frames.ts";

/** Where an attempt tells what happens to it. */
export interface AttemptListener {
  /** A host is ready for it; milliseconds since the epoch by the service's clock. */
  hostReady(at: number): void;
  /** The script has been handed over. */
  running(at: number): void;
  /** The next record, a `StreamRecord` as JSON. */
  record(number: number, json: string): void;
  /** No more records come at this moment. */
  batchOver(): void;
  /** The last that is heard of it; once. */
  ended(end: AttemptEnd): void;
}
