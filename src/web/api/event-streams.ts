import type { Principal } from "../../access/principal.ts";
import type { EventStream } from "./event-stream.ts";

/** By whose token a stream was opened. */
export type StreamReader = Pick<Principal, "principalId" | "tokenId">;

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
    stream.gone.addEventListener("abort", () => this.#streams.delete(stream), { once: true });
  }

  /** Ends the streams of a principal whose tokens were revoked. */
  endOf(principalId: string): void {
    this.#endWhere((reader) => reader.principalId === principalId);
  }

  /** Ends the streams that were opened with one of these tokens. */
  endOfTokens(tokenIds: ReadonlySet<string>): void {
    this.#endWhere(({ tokenId }) => tokenId !== undefined && tokenIds.has(tokenId));
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
