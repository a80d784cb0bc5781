import type { RawData, WebSocket } from "ws";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import type {
  AppendFrame,
  RecordsHelloFrame,
  ServiceRecordsFrame,
  WorkerRecordsFrame,
} from "../contract/link/records-frames.ts";
import { workerRecordsFrameSchemas } from "../contract/link/records-frames-schemas.ts";
import type { RecordsPeer } from "./connected-worker.ts";
import { textOf } from "./control-link.ts";
import { frameReader } from "./frame-validation.ts";

const readFrame = frameReader<WorkerRecordsFrame>(workerRecordsFrameSchemas);

/** Looks this often whether the other end still is there, in milliseconds. */
const pingInterval = 15_000;

/** Who listens to a records link. */
export interface RecordsLinkListener {
  /** Says why this hello is refused, or null when it is good. */
  hello(link: RecordsLink, frame: RecordsHelloFrame): { code: number; reason: string } | null;
  appended(link: RecordsLink, frame: AppendFrame, bytes: number): void;
  closed(link: RecordsLink): void;
  badFrame(link: RecordsLink, problem: string): void;
}

/** The service's end of one records socket. */
export class RecordsLink implements RecordsPeer {
  readonly workerId: string;
  readonly principalId: string;
  unanswered = 0;
  readonly #socket: WebSocket;
  readonly #listener: RecordsLinkListener;
  readonly #ping: NodeJS.Timeout;
  #answered = true;
  #state: "waiting" | "live" | "closed" = "waiting";

  constructor(socket: WebSocket, worker: { workerId: string; principalId: string }, listener: RecordsLinkListener) {
    this.workerId = worker.workerId;
    this.principalId = worker.principalId;
    this.#socket = socket;
    this.#listener = listener;
    this.#ping = setInterval(() => this.#look(), pingInterval);
    this.#ping.unref();
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("pong", () => {
      this.#answered = true;
    });
    socket.on("close", () => this.#closed());
    socket.on("error", () => undefined);
  }

  send(frame: ServiceRecordsFrame): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(JSON.stringify(frame));
    }
  }

  refuse(problem: string): void {
    this.#listener.badFrame(this, problem);
    this.close(linkCloseCodes.badFrame, problem);
  }

  restart(reason: string): void {
    this.close(linkCloseCodes.shuttingDown, reason);
  }

  /** Closes with a code and a reason of at most 123 bytes; nothing that comes after this counts. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason.slice(0, 120));
    const timer = setTimeout(() => this.#socket.terminate(), 2_000);
    timer.unref();
    this.#socket.once("close", () => clearTimeout(timer));
    this.#closed();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state === "closed") {
      return;
    }
    const text = isBinary ? "" : textOf(data);
    const read = isBinary ? { problem: "a binary frame" } : readFrame(text);
    if ("problem" in read) {
      this.refuse(read.problem);
      return;
    }
    const { frame } = read;
    if (frame.type === "append") {
      if (this.#state !== "live") {
        this.refuse("the first frame is not records-hello");
        return;
      }
      this.#listener.appended(this, frame, text.length);
      return;
    }
    if (this.#state !== "waiting") {
      this.refuse("a second records-hello");
      return;
    }
    const refusal = this.#listener.hello(this, frame);
    if (refusal === null) {
      this.#state = "live";
    } else {
      this.close(refusal.code, refusal.reason);
    }
  }

  #look(): void {
    if (!this.#answered) {
      this.#socket.terminate();
      return;
    }
    this.#answered = false;
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.ping();
    }
  }

  #closed(): void {
    if (this.#state !== "closed") {
      this.#state = "closed";
      clearInterval(this.#ping);
      this.#listener.closed(this);
    }
  }
}
