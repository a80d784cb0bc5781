import { randomUUID } from "node:crypto";
import type { RawData, WebSocket } from "ws";
import type { WorkerAdmission } from "../contract/api/worker.ts";
import type {
  HeartbeatFrame,
  HelloFrame,
  HostKindOffer,
  ServiceControlFrame,
  WorkerControlFrame,
} from "../contract/link/control-frames.ts";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import { workerControlFrameSchemas } from "../contract/link/control-frames-schemas.ts";
import { frameReader } from "../contract/link/frame-reader.ts";
import type { ConnectedWorker } from "./connected-worker.ts";

/** A worker that opened the socket has this long to say hello, in milliseconds. */
const helloPatience = 10_000;

/** A peer that does not answer the closing handshake is cut off after this long, in milliseconds. */
const closePatience = 2_000;

const readFrame = frameReader<WorkerControlFrame>(workerControlFrameSchemas);

/** Who listens to a control link. */
export interface ControlLinkListener {
  hello(link: ControlLink, frame: HelloFrame): void;
  /** Every frame after the answer to hello. */
  frame(link: ControlLink, frame: Exclude<WorkerControlFrame, HelloFrame>): void;
  /** @param code with which the worker closed it */
  closed(link: ControlLink, code: number): void;
  badFrame(link: ControlLink, problem: string): void;
}

/**
 * The service's end of one control socket.
 * waiting for hello → hello said, its answer being stored → live → closed. Frames count in the state live only.
 */
export class ControlLink implements ConnectedWorker {
  readonly workerId: string;
  readonly principalId: string;
  readonly name: string;
  readonly linkId = randomUUID();
  /** Of the token that it was opened with; null where that is not told. */
  readonly tokenId: string | null;
  readonly carriedScripts = new Set<string>();
  group = "";
  tags: readonly string[] = [];
  admission: WorkerAdmission = "open";
  /** The version that both sides speak. */
  protocol = 0;
  instanceId = "";
  slots = 0;
  hostKinds: readonly HostKindOffer[] = [];
  missingHostKinds: HelloFrame["missingHostKinds"] = [];
  draining = false;
  lastHeartbeat: HeartbeatFrame | null = null;
  /** Milliseconds. */
  leaseDuration = Number.POSITIVE_INFINITY;
  /** When the last frame came, by the monotonic clock. */
  heardAt = performance.now();
  readonly #socket: WebSocket;
  readonly #listener: ControlLinkListener;
  readonly #helloTimer: NodeJS.Timeout;
  #state: "waiting" | "greeting" | "live" | "closed" = "waiting";

  constructor(
    socket: WebSocket,
    worker: { workerId: string; principalId: string; name: string; tokenId: string | null },
    listener: ControlLinkListener,
  ) {
    this.workerId = worker.workerId;
    this.principalId = worker.principalId;
    this.name = worker.name;
    this.tokenId = worker.tokenId;
    this.#socket = socket;
    this.#listener = listener;
    this.#helloTimer = setTimeout(() => this.close(linkCloseCodes.badFrame, "no hello came"), helloPatience);
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("close", (code) => this.#closed(code));
    // What follows an error is a close.
    socket.on("error", () => undefined);
  }

  get isOpen(): boolean {
    return this.#state !== "closed" && this.#socket.readyState === this.#socket.OPEN;
  }

  /** Takes over what operators decided; says whether anything is other than before. */
  setTerms({
    group,
    tags,
    admission,
    leaseDuration,
  }: {
    group: string;
    tags: readonly string[];
    admission: WorkerAdmission;
    /** Left out where it stays as it was. */
    leaseDuration?: number;
  }): boolean {
    const before = JSON.stringify([this.group, this.tags, this.admission]);
    this.leaseDuration = leaseDuration ?? this.leaseDuration;
    this.group = group;
    this.tags = tags;
    this.admission = admission;
    return JSON.stringify([group, tags, admission]) !== before;
  }

  /** Asks the worker to end when its jobs are over. */
  askToDrain(): void {
    this.send({ type: "drain" });
  }

  /** The answer to hello is stored: frames count from now on. */
  goLive(): void {
    if (this.#state === "greeting") {
      this.#state = "live";
    }
  }

  send(frame: ServiceControlFrame): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(JSON.stringify(frame));
    }
  }

  /** Closes with a code and a reason of at most 123 bytes; nothing that comes after this counts. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason.slice(0, 120));
    const timer = setTimeout(() => this.#socket.terminate(), closePatience);
    timer.unref();
    this.#socket.once("close", () => clearTimeout(timer));
    this.#closed(code);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state === "closed") {
      return;
    }
    this.heardAt = performance.now();
    const read = isBinary ? { problem: "a binary frame" } : readFrame(textOf(data));
    if ("problem" in read) {
      this.#refuse(read.problem);
      return;
    }
    const { frame } = read;
    if (frame.type === "hello") {
      if (this.#state !== "waiting") {
        this.#refuse("a second hello");
        return;
      }
      clearTimeout(this.#helloTimer);
      this.#state = "greeting";
      this.instanceId = frame.instanceId;
      this.slots = frame.slots;
      this.hostKinds = frame.hostKinds;
      this.missingHostKinds = frame.missingHostKinds;
      this.#listener.hello(this, frame);
    } else if (this.#state === "waiting") {
      this.#refuse("the first frame is not hello");
    } else if (this.#state === "live") {
      this.#listener.frame(this, frame);
    }
  }

  #refuse(problem: string): void {
    this.#listener.badFrame(this, problem);
    this.close(linkCloseCodes.badFrame, problem);
  }

  #closed(code: number): void {
    if (this.#state !== "closed") {
      clearTimeout(this.#helloTimer);
      this.#state = "closed";
      this.#listener.closed(this, code);
    }
  }
}

/** The text of a message, however the socket gathered it. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) {
    return Buffer.concat(data).toString("utf8");
  }
  return data instanceof ArrayBuffer ? Buffer.from(data).toString("utf8") : data.toString("utf8");
}
