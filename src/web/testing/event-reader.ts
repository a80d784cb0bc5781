import type { IncomingMessage } from "node:http";
import { get, request } from "node:http";
import type { EventSourceMessage } from "eventsource-parser";
import { createParser } from "eventsource-parser";
import type { TestServer } from "./test-server.ts";

/** An event as a client sees it. */
export interface ReadEvent {
  event: string | undefined;
  id: string | undefined;
  data: Record<string, unknown>;
}

/** Reads server-sent events as a client does. */
export class EventReader {
  readonly events: ReadEvent[] = [];
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly #answer: IncomingMessage;
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
    this.status = answer.statusCode ?? 0;
    this.headers = answer.headers;
    const parser = createParser({ onEvent: (event) => this.#take(event) });
    answer.setEncoding("utf8");
    answer.on("data", (chunk: string) => parser.feed(chunk));
    for (const end of ["end", "close", "error"]) {
      answer.on(end, () => {
        this.#isOver = true;
        this.#tell();
      });
    }
  }

  /** Starts a job and follows it in one request. */
  static start(
    server: Pick<TestServer, "url" | "token">,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<EventReader> {
    const own = { accept: "text/event-stream", "content-type": "application/json" };
    return new Promise((resolve, reject) => {
      const options = {
        method: "POST",
        headers: { authorization: `Bearer ${server.token}`, ...own, ...headers },
        agent: false,
      };
      request(`${server.url}/api/jobs`, options, (answer) => resolve(new EventReader(answer)))
        .on("error", reject)
        .end(JSON.stringify(body));
    });
  }

  static open(
    server: Pick<TestServer, "url" | "token">,
    query: string,
    headers: Record<string, string> = {},
  ): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const options = { headers: { authorization: `Bearer ${server.token}`, ...headers }, agent: false };
      get(`${server.url}/api/events?${query}`, options, (answer) => resolve(new EventReader(answer))).on(
        "error",
        reject,
      );
    });
  }

  /** Resolves with all events so far when one of them is as looked for. */
  async until(wanted: (event: ReadEvent) => boolean): Promise<ReadEvent[]> {
    await this.#wait(() => this.events.some(wanted));
    return this.events;
  }

  /** Resolves when something further has come. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      const listener = () => {
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  /** Resolves when the service has ended the stream. */
  over(): Promise<void> {
    return this.#wait(() => this.#isOver);
  }

  close(): void {
    this.#answer.destroy();
  }

  #take({ event, id, data }: EventSourceMessage): void {
    this.events.push({ event, id, data: JSON.parse(data) as Record<string, unknown> });
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }

  #wait(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const listener = () => {
        if (isSo()) {
          this.#listeners.delete(listener);
          resolve();
        }
      };
      this.#listeners.add(listener);
      listener();
    });
  }
}
