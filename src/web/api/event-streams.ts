import type { Principal } from "../../access/principal.ts";
import { isMeant } from "../../access/remembered-principals.ts";
import type { EventStream } from "./event-stream.ts";

/** By whose token a stream was opened. */
export type StreamReader = Pick<Principal, "principalId" | "groupIds" | "tokenId" | "sessionId" | "signedInUntil">;

/** Timers take no longer one; whoever reads for so long may connect anew. */
const longestTimer = 2_147_483_647;

/** A stream ends with the token or the session that opened it. */
function endAt(stream: EventStream, time: number): NodeJS.Timeout {
  return setTimeout(() => stream.end(), Math.min(Math.max(0, time - Date.now()), longestTimer)).unref();
}

/** The event streams that are open, by whose token they were opened. */
export class EventStreams {
  readonly #streams = new Map<EventStream, StreamReader>();
  #isClosed = false;

  /** Whether no further stream may be opened. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  add(stream: EventStream, reader: StreamReader): void {
    if (this.#isClosed) {
      stream.end();
      return;
    }
    this.#streams.set(stream, reader);
    const timer = reader.signedInUntil === undefined ? undefined : endAt(stream, reader.signedInUntil);
    stream.gone.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        this.#streams.delete(stream);
      },
      { once: true },
    );
  }

  /** Ends the streams of a principal that was changed, or of those who belong to a group that was. */
  endOf(principalId: string): void {
    this.endOfTokens(new Set([principalId]));
  }

  /** Ends the streams that were opened with one of these tokens, in one of these sessions, or by one of these principals. */
  endOfTokens(ids: ReadonlySet<string>): void {
    this.#endWhere((reader) => isMeant(reader, ids));
  }

  #endWhere(isMeant: (reader: StreamReader) => boolean): void {
    for (const [stream, reader] of [...this.#streams]) {
      if (isMeant(reader)) {
        stream.end();
      }
    }
  }

  /** Ends all streams; none is opened afterwards. */
  close(): void {
    this.#isClosed = true;
    for (const stream of [...this.#streams.keys()]) {
      stream.end();
    }
  }
}
