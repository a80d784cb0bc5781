import { HeldUp } from "../../access/held-up.ts";
import type { Principal } from "../../access/principal.ts";
import { isMeant } from "../../access/remembered-principals.ts";
import type { EventStream } from "./event-stream.ts";

/** By whose token a stream was opened. */
export type StreamReader = Pick<Principal, "principalId" | "groupIds" | "tokenId" | "sessionId" | "signedInUntil">;

/** Streams that one principal may have open: each holds a connection, and a buffer while it is read slowly. */
export const mostStreams = 500;

/** Timers take no longer one; whoever reads for so long may connect anew. */
const longestTimer = 2_147_483_647;

/** A stream ends with the token or the session that opened it. */
function endAt(stream: EventStream, time: number): NodeJS.Timeout {
  return setTimeout(() => stream.end(), Math.min(Math.max(0, time - Date.now()), longestTimer)).unref();
}

/** The event streams that are open, by whose token they were opened. */
export class EventStreams {
  readonly #streams = new Map<EventStream, StreamReader>();
  /** By the principal. */
  readonly #open = new Map<string, number>();
  #isClosed = false;

  /** Whether no further stream may be opened. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws HeldUp `too-many-streams` (429) when the principal has as many as it may have */
  refuseTooMany({ principalId }: StreamReader): void {
    if ((this.#open.get(principalId) ?? 0) >= mostStreams) {
      throw new HeldUp("too-many-streams", `One caller may have ${mostStreams} event streams open, and has.`, {
        retryAfter: 10,
        remedy: "Close some, or follow several jobs with one: ?topics=job:ID,job:ID,jobs.",
      });
    }
  }

  add(stream: EventStream, reader: StreamReader): void {
    if (this.#isClosed) {
      stream.end();
      return;
    }
    this.#streams.set(stream, reader);
    this.#count(reader, 1);
    const timer = reader.signedInUntil === undefined ? undefined : endAt(stream, reader.signedInUntil);
    stream.gone.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        if (this.#streams.delete(stream)) {
          this.#count(reader, -1);
        }
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

  #count({ principalId }: StreamReader, change: number): void {
    const open = (this.#open.get(principalId) ?? 0) + change;
    if (open > 0) {
      this.#open.set(principalId, open);
    } else {
      this.#open.delete(principalId);
    }
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
