import type { JournalItem } from "../../src/contract/journal.ts";
import type { AttemptEnd, AttemptTimes } from "../../src/contract/link/records-frames.ts";

/** Where an attempt tells what happens to it. */
export interface AttemptListener {
  /** The script has been handed over to a host. */
  running(times: AttemptTimes): void;
  /** The next record, a `StreamRecord` as JSON. */
  record(number: number, json: string): void;
  /** Something to be kept, behind the records that were told before; answered by `AttemptRun.journalStored`. */
  journal(item: JournalItem): void;
  /** No more records come at this moment. */
  batchOver(): void;
  /** The script is over; what is left of its host is gone in a moment, and the end follows. */
  scriptOver(): void;
  /** The last that is heard of it; once. */
  ended(end: AttemptEnd): void;
}
