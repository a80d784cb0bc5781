import type { EventStream } from "./event-stream.ts";

/** The event streams that are open, by whose token they were opened. */
export class EventStreams {
  readonly #streams = new Map<EventStream, string>();
  #isClosed = false;

  /** Whether no further stream may be opened. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  add(stream: EventStream, principalId: string): void {
    if (this.#isClosed) {
      stream.end();
      return;
    }
    this.#streams.set(stream, principalId);
    stream.gone.addEventListener("abort", () => this.#streams.delete(stream), { once: true });
  }

  /** Ends the streams of a principal whose tokens were revoked. */
  endOf(principalId: string): void {
    for (const [stream, owner] of [...this.#streams]) {
      if (owner === principalId) {
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
