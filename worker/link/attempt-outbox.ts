import type { JobException } from "../../src/contract/host/host-messages.ts";
import type { JournalItem } from "../../src/contract/journal.ts";
import type { AttemptReference } from "../../src/contract/link/control-frames.ts";
import type { AttemptEnd, AttemptTimes } from "../../src/contract/link/records-frames.ts";
import { recordBatchBytes } from "../../src/contract/session-limits.ts";

interface HeldItem {
  sequence: number;
  /** The record that came before it; 0 where none did. */
  after: number;
  json: string;
}

interface HeldRecord {
  number: number;
  json: string;
  bytes: number;
}

/** A frame that is about to be sent, and what it costs of the credit. */
export interface Batch {
  text: string;
  bytes: number;
}

/** Records and end of one attempt, from when they are made until the service has them for good. */
export class AttemptOutbox {
  readonly attempt: AttemptReference;
  readonly #onCredit: (hasCredit: boolean) => void;
  readonly #onStored: (sequence: number) => void;
  #times: AttemptTimes | null = null;
  #timesSent = false;
  readonly #held: HeldRecord[] = [];
  /** Of `#held`, how many are sent on the current connection. */
  #sent = 0;
  readonly #items: HeldItem[] = [];
  /** Of `#items`, how many are sent on the current connection. */
  #itemsSent = 0;
  #lastNumber = 0;
  #end: AttemptEnd | null = null;
  #endSent = false;
  #heldBytes = 0;
  #sentBytes = 0;
  #hasCredit = true;
  #spoiled = false;
  #expectsEnd = false;
  /** Whether records were sent, on any connection. */
  #wasSent = false;

  /**
   * @param onCredit Told whenever the producer must wait, and when it may go on.
   * @param onStored Told when the items of its journal are stored, up to this one.
   */
  constructor(
    attempt: AttemptReference,
    onCredit: (hasCredit: boolean) => void,
    onStored: (sequence: number) => void = () => {},
  ) {
    this.attempt = attempt;
    this.#onCredit = onCredit;
    this.#onStored = onStored;
  }

  /** Bytes that are not acknowledged, sent or not. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes that are sent and not acknowledged. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get hasCredit(): boolean {
    return this.#hasCredit;
  }

  /** Whether anything is not acknowledged. */
  get hasMore(): boolean {
    return this.#held.length > 0 || this.#items.length > 0 || this.#times !== null || this.#end !== null;
  }

  /** Whether something is sent and not acknowledged. */
  get isUnderWay(): boolean {
    return this.#sent > 0 || this.#itemsSent > 0 || this.#timesSent || this.#endSent;
  }

  /** Whether the end comes in a moment, and what it follows need not go before it: something went before. */
  get awaitsEnd(): boolean {
    return this.#expectsEnd && this.#end === null && this.#wasSent;
  }

  /** Bytes that are not sent. */
  get unsentBytes(): number {
    return this.#heldBytes - this.#sentBytes;
  }

  /** Whether the service found what the attempt said bad. */
  get spoiled(): boolean {
    return this.#spoiled;
  }

  /** The attempt runs; told with what is sent next. */
  begin(times: AttemptTimes): void {
    this.#times = times;
  }

  add(number: number, json: string): number {
    if (this.#spoiled) return 0;
    const bytes = Buffer.byteLength(json);
    this.#lastNumber = number;
    this.#held.push({ number, json, bytes });
    this.#heldBytes += bytes;
    return bytes;
  }

  /** Something for the journal, behind the records until now. It costs no credit: its script waits for it. */
  keep(item: JournalItem): void {
    if (this.#spoiled) return;
    this.#items.push({ sequence: item.sequence, after: this.#lastNumber, json: JSON.stringify(item) });
  }

  /** The script is over. */
  expectEnd(): void {
    this.#expectsEnd = true;
  }

  /** The last that is added. */
  end(end: AttemptEnd): void {
    this.#end = this.#spoiled ? spoiledEnd(end.endedAt) : end;
  }

  /** Gives up all that the service does not have: it does not take it. The attempt then ends as failed, whatever its script says. */
  spoil(): void {
    this.#spoiled = true;
    this.#held.length = 0;
    this.#items.length = 0;
    this.#heldBytes = 0;
    if (this.#end !== null) this.#end = spoiledEnd(this.#end.endedAt);
    this.rewind();
  }

  /**
   * The next frame, marked as sent; null when there is nothing to send, or nothing for which there is credit.
   *
   * @param credit Bytes that may still be sent. A record that is larger goes when nothing else is on its way.
   */
  next(credit: number): Batch | null {
    const first = this.#held[this.#sent];
    const times = this.#timesSent ? null : this.#times;
    const hasItem = this.#hasItemToSend();
    if (first === undefined && !hasItem && times === null && (this.#end === null || this.#endSent)) return null;
    let bytes = 0;
    let count = 0;
    for (let index = this.#sent; index < this.#held.length; index++) {
      const record = this.#held[index];
      if (record === undefined) break;
      const fits = bytes + record.bytes <= Math.min(credit, recordBatchBytes);
      const alone = count === 0 && (record.bytes <= credit || this.#sentBytes === 0);
      if (!fits && !alone) break;
      bytes += record.bytes;
      count++;
    }
    if (first !== undefined && count === 0 && !hasItem) return null;
    const records = this.#held.slice(this.#sent, this.#sent + count).map((record) => record.json);
    this.#sent += count;
    this.#sentBytes += bytes;
    if (count > 0) this.#wasSent = true;
    const items = this.#takeItems();
    const complete = this.#end !== null && this.#sent === this.#held.length && this.#itemsSent === this.#items.length;
    if (complete) this.#endSent = true;
    if (times !== null) this.#timesSent = true;
    const { jobId, attempt } = this.attempt;
    return {
      text: `{"type":"append","jobId":"${jobId}","attempt":${attempt}${times === null ? "" : `,"times":${JSON.stringify(times)}`},"records":[${records.join(",")}]${items.length === 0 ? "" : `,"journal":[${items.join(",")}]`}${complete ? `,"ended":${JSON.stringify(this.#end)}` : ""}}`,
      bytes,
    };
  }

  /** The service has everything up to `number`, and the end if `ended`. @returns the bytes that are free again, and whether all is told. */
  acknowledge(number: number, ended: boolean, journal?: number): { freed: number; complete: boolean } {
    this.#acknowledgeItems(number, journal);
    // Of this connection, so it answers the first frame at the earliest.
    if (this.#timesSent) this.#times = null;
    this.#timesSent = false;
    let freed = 0;
    let count = 0;
    for (const record of this.#held) {
      if (record.number > number) break;
      freed += record.bytes;
      count++;
    }
    this.#held.splice(0, count);
    this.#heldBytes -= freed;
    this.#sentBytes -= Math.min(freed, this.#sentBytes);
    this.#sent = Math.max(0, this.#sent - count);
    return { freed, complete: ended && this.#end !== null && this.#held.length === 0 };
  }

  /** A new connection: whatever is not acknowledged goes again. */
  rewind(): void {
    this.#itemsSent = 0;
    this.#sent = 0;
    this.#sentBytes = 0;
    this.#endSent = false;
    this.#timesSent = false;
  }

  /** Whether the next item's records are all sent. */
  #hasItemToSend(): boolean {
    const next = this.#items[this.#itemsSent];
    return next !== undefined && next.after <= this.#lastSent();
  }

  #takeItems(): string[] {
    const taken: string[] = [];
    while (this.#hasItemToSend()) {
      taken.push(this.#items[this.#itemsSent]?.json ?? "");
      this.#itemsSent++;
    }
    return taken;
  }

  /** The number of the last record that is sent; all are when none waits. */
  #lastSent(): number {
    const next = this.#held[this.#sent];
    return next === undefined ? this.#lastNumber : next.number - 1;
  }

  /** A service that says nothing of the journal keeps none: what was sent to it with these records is as good as stored. */
  #acknowledgeItems(number: number, journal: number | undefined): void {
    let stored = 0;
    let count = 0;
    for (const { sequence, after } of this.#items.slice(0, this.#itemsSent)) {
      if (journal === undefined ? after > number : sequence > journal) break;
      stored = sequence;
      count++;
    }
    this.#items.splice(0, count);
    this.#itemsSent -= count;
    if (count > 0) this.#onStored(stored);
  }

  setCredit(hasCredit: boolean): void {
    if (this.#hasCredit === hasCredit) return;
    this.#hasCredit = hasCredit;
    this.#onCredit(hasCredit);
  }
}

/** Why an attempt failed whose records the service did not take. */
export const recordsRefused: JobException = {
  name: "RecordsRefused",
  message:
    "The service could not read what the worker told of the job, so the job was ended and its last records are lost. This is a fault in Runsmith, or worker and service are of versions that do not go together; the service's log says what was wrong.",
};

function spoiledEnd(endedAt: number): AttemptEnd {
  return { outcome: "Failed", reason: "worker-error", exception: recordsRefused, endedAt };
}
