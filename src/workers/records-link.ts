import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import { frameReader } from "../contract/link/frame-reader.ts";
import { GatheredWrites } from "../contract/link/gathered-writes.ts";
import type {
  AppendFrame,
  RecordsHelloFrame,
  ServiceRecordsFrame,
  WorkerRecordsFrame,
} from "../contract/link/records-frames.ts";
import { workerRecordsFrameSchemas } from "../contract/link/records-frames-schemas.ts";
import { recordBatchBytes, workerRecordCredit } from "../contract/session-limits.ts";
import type { RecordsPeer } from "./connected-worker.ts";
import { textOf } from "./control-link.ts";

const readFrame = frameReader<WorkerRecordsFrame>(workerRecordsFrameSchemas);

/** Looks this often whether the other end still is there, in milliseconds. */
const pingInterval = 15_000;

/** UTF-16 units of frames that wait for the answer to hello; a worker's credit is less. */
const mostEarly = 4 * (workerRecordCredit + recordBatchBytes);

/** Why a records link is closed. */
export interface RecordsRefusal {
  code: number;
  reason: string;
}

/** Who listens to a records link. */
export interface RecordsLinkListener {
  /** Says why this hello is refused, or null when it is good. Frames that come before the answer wait for it. */
  hello(link: RecordsLink, frame: RecordsHelloFrame): RecordsRefusal | null | Promise<RecordsRefusal | null>;
  appended(link: RecordsLink, frame: AppendFrame, bytes: number): void;
  closed(link: RecordsLink): void;
  badFrame(link: RecordsLink, problem: string): void;
}

/** The service's end of one records socket. */
export class RecordsLink implements RecordsPeer {
  readonly workerId: string;
  readonly principalId: string;
  /** Of the token that it was opened with; null where that is not told. */
  readonly tokenId: string | null;
  unanswered = 0;
  readonly #socket: WebSocket;
  readonly #writes: GatheredWrites;
  readonly #listener: RecordsLinkListener;
  readonly #ping: NodeJS.Timeout;
  #answered = true;
  #state: "waiting" | "greeting" | "live" | "closed" = "waiting";
  /** Frames that came while the answer to hello was looked up. */
  #early: { frame: AppendFrame; bytes: number }[] = [];
  #earlyBytes = 0;

  constructor(
    socket: WebSocket,
    wire: Duplex,
    worker: { workerId: string; principalId: string; tokenId: string | null },
    listener: RecordsLinkListener,
  ) {
    this.workerId = worker.workerId;
    this.principalId = worker.principalId;
    this.tokenId = worker.tokenId;
    this.#socket = socket;
    this.#writes = new GatheredWrites(wire);
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
      this.#writes.begin();
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
      if (this.#state === "live") {
        this.#listener.appended(this, frame, text.length);
      } else if (this.#state === "greeting") {
        this.#early.push({ frame, bytes: text.length });
        this.#earlyBytes += text.length;
        if (this.#earlyBytes > mostEarly) {
          this.refuse("more records than the credit allows");
        }
      } else {
        this.refuse("the first frame is not records-hello");
      }
      return;
    }
    if (this.#state !== "waiting") {
      this.refuse("a second records-hello");
      return;
    }
    this.#state = "greeting";
    const refusal = this.#listener.hello(this, frame);
    if (refusal instanceof Promise) {
      refusal
        .then((looked) => this.#answer(looked))
        .catch((error: unknown) => this.restart(`the hello could not be checked: ${String(error)}`));
    } else {
      this.#answer(refusal);
    }
  }

  #answer(refusal: RecordsRefusal | null): void {
    if (refusal !== null) {
      this.close(refusal.code, refusal.reason);
    } else if (this.#state === "greeting") {
      this.#state = "live";
      const early = this.#early;
      this.#early = [];
      for (const { frame, bytes } of early) {
        this.#listener.appended(this, frame, bytes);
      }
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
