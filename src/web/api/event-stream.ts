import type { ServerResponse } from "node:http";

/** Comment lines keep proxies and clients from taking silence for a dead connection; milliseconds. */
const keepAliveInterval = 15_000;

/** A client that reads nothing for this long while events wait is given up; milliseconds. */
const stallTime = 60_000;

/**
 * Server-sent events (HTML Living Standard §9.2) written straight to a response, at once and without buffering of its own:
 * when the client is slow, `send` says so, and the sender waits for `drained` before it reads more.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #gone = new AbortController();

  /** Begins the answer with the status that is set on `response`, 200 where none is. */
  constructor(response: ServerResponse) {
    this.#response = response;
    response.socket?.setNoDelay(true);
    response.writeHead(response.statusCode, {
      "Content-Type": "text/event-stream; charset=utf-8",
      // nginx would otherwise gather events before it passes them on.
      "X-Accel-Buffering": "no",
    });
    // An open stream is told to the client before its first event.
    response.write(": open\n\n");
    this.#keepAlive = setInterval(() => this.#beat(), keepAliveInterval);
    response.once("close", () => this.#end());
    response.on("error", () => this.#end());
  }

  /** Aborted when the client has gone or the stream was ended. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Sends an event. @returns false when the client is slow: wait for `drained` before sending more */
  send(event: string, data: unknown, id?: string): boolean {
    return this.sendText(eventText(event, JSON.stringify(data), id));
  }

  /** Sends events that were put into their form already. */
  sendText(text: string): boolean {
    return this.#gone.signal.aborted || this.#response.write(text);
  }

  /** Resolves when the client has caught up, has gone, or was given up. */
  drained(): Promise<void> {
    if (this.#gone.signal.aborted || !this.#response.writableNeedDrain) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        this.#response.off("drain", settle);
        this.#response.off("close", settle);
        resolve();
      };
      const timer = setTimeout(() => this.#response.destroy(), stallTime);
      this.#response.once("drain", settle);
      this.#response.once("close", settle);
    });
  }

  /** Ends the stream; a client that wants more connects again with `Last-Event-ID`. */
  end(): void {
    this.#response.end();
    this.#end();
  }

  #beat(): void {
    if (!this.#response.writableNeedDrain) {
      this.#response.write(": keep-alive\n\n");
    }
  }

  #end(): void {
    clearInterval(this.#keepAlive);
    this.#gone.abort();
  }
}

/** One event. `data` must be a single line, as JSON without indentation is. */
export function eventText(event: string, data: string, id?: string): string {
  return id === undefined ? `event: ${event}\ndata: ${data}\n\n` : `event: ${event}\nid: ${id}\ndata: ${data}\n\n`;
}
