import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { AssetAnswer, AssetRequest } from "../../src/contract/assets.ts";
import type {
  AttemptReference,
  HelloFrame,
  RunJobFrame,
  ServiceControlFrame,
  WelcomeFrame,
  WorkerControlFrame,
} from "../../src/contract/link/control-frames.ts";
import { controlPath, linkCloseCodes, linkProtocolVersion } from "../../src/contract/link/control-frames.ts";
import type {
  AppendFrame,
  AttemptEnd,
  AttemptTimes,
  ServiceRecordsFrame,
  WorkerRecordsFrame,
} from "../../src/contract/link/records-frames.ts";
import type { StreamRecord } from "../../src/contract/stream.ts";

/**
 * A service that speaks the link's contract and does what a test tells it, for tests of the worker alone:
 * it welcomes workers, acknowledges heartbeats and records (or not), and keeps what it is sent.
 */
export class ScriptedService {
  readonly hellos: HelloFrame[] = [];
  readonly controlFrames: WorkerControlFrame[] = [];
  readonly appends: AppendFrame[] = [];
  readonly ends = new Map<string, AttemptEnd>();
  readonly records = new Map<string, StreamRecord[]>();
  /** How often each record came, by `job/attempt/number`. */
  readonly timesReceived = new Map<string, number>();
  leaseDuration = 6_000;
  acknowledgesHeartbeats = true;
  acknowledgesRecords = true;
  /** Which frames of records it cannot read. */
  findsBad: (frame: AppendFrame) => boolean = () => false;
  /** The version of the link that it speaks. */
  protocol = linkProtocolVersion;
  /** What becomes of a request for an asset; nothing is said where it gives nothing. */
  assets: (request: AssetRequest) => AssetAnswer | undefined = () => undefined;
  /** Which attempts a hello keeps; by default those it names. */
  keep: (hello: HelloFrame) => AttemptReference[] = (hello) => hello.running;
  readonly workerId = randomUUID();
  readonly #http = createServer();
  readonly #sockets = new WebSocketServer({ noServer: true });
  #control: WebSocket | null = null;
  #recordsSocket: WebSocket | null = null;
  #changed: (() => void)[] = [];
  #port = 0;
  #welcomed = false;

  static async start(): Promise<ScriptedService> {
    const service = new ScriptedService();
    await service.listen();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    this.#http.removeAllListeners("upgrade");
    this.#http.on("upgrade", (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (opened) => {
        if (request.url === controlPath) this.#openControl(opened);
        else this.#openRecords(opened);
      });
    });
    await new Promise<void>((resolve) => this.#http.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  /** Breaks both sockets without a word. */
  breakLinks(): void {
    this.#control?.terminate();
    this.#recordsSocket?.terminate();
  }

  /** Nothing answers any more, until `listen`. */
  async goAway(): Promise<void> {
    this.breakLinks();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async close(): Promise<void> {
    this.#control?.terminate();
    this.#recordsSocket?.terminate();
    if (this.#http.listening) await new Promise((resolve) => this.#http.close(resolve));
  }

  send(frame: ServiceControlFrame): void {
    this.#control?.send(JSON.stringify(frame));
  }

  /** Closes the control socket with a code of the contract. */
  closeControl(code: number): void {
    this.#control?.close(code, "as the test says");
  }

  sendOnRecords(frame: ServiceRecordsFrame): void {
    this.#recordsSocket?.send(JSON.stringify(frame));
  }

  /** Waits until a worker is linked. */
  async linked(): Promise<void> {
    await this.until(() => this.#welcomed && this.#control?.readyState === this.#control?.OPEN, "a worker's link");
  }

  /** Pushes a TypeScript job. */
  run(script: string, changes: Partial<RunJobFrame> = {}): AttemptReference {
    const frame: RunJobFrame = {
      type: "run-job",
      jobId: randomUUID(),
      attempt: 1,
      runbook: { id: randomUUID(), name: "test", kind: "TypeScript" },
      scriptHash: "0".repeat(64),
      script,
      parameters: {},
      parameterSchemas: {},
      logs: { verbose: false, debug: false, progress: false },
      grants: [],
      timeLimit: null,
      stopGrace: 1_000,
      outputLimit: 1024 ** 3,
      ...changes,
    };
    this.send(frame);
    return { jobId: frame.jobId, attempt: frame.attempt };
  }

  /** Acknowledges all that has come. */
  acknowledgeAll(): void {
    for (const [key, records] of this.records) {
      const [jobId = "", attempt = "1"] = key.split("/");
      this.sendOnRecords({
        type: "acknowledged",
        jobId,
        attempt: Number(attempt),
        number: records.length,
        ended: this.ends.has(key),
      });
    }
  }

  /** When attempts began, one for each time that it was told. */
  timesOf({ jobId, attempt }: AttemptReference): AttemptTimes[] {
    return this.appends.flatMap((frame) =>
      frame.jobId === jobId && frame.attempt === attempt && frame.times !== undefined ? [frame.times] : [],
    );
  }

  /** What jobs asked of the assets, in order. */
  get assetRequests(): AssetRequest[] {
    return this.controlFrames.flatMap((frame) => (frame.type === "asset-request" ? [frame.request] : []));
  }

  recordsOf({ jobId, attempt }: AttemptReference): StreamRecord[] {
    return this.records.get(`${jobId}/${attempt}`) ?? [];
  }

  textOf(attempt: AttemptReference): string {
    return this.recordsOf(attempt)
      .map((record) => record.text)
      .join("\n");
  }

  endOf({ jobId, attempt }: AttemptReference): Promise<AttemptEnd> {
    return this.until(() => this.ends.get(`${jobId}/${attempt}`), "the end of the attempt");
  }

  /** Waits until `found` finds something, looking whenever anything has come. */
  async until<T>(found: () => T | undefined | false, what: string, patience = 20_000): Promise<T> {
    const until = Date.now() + patience;
    for (;;) {
      const value = found();
      if (value !== undefined && value !== false) return value;
      if (Date.now() > until) throw new Error(`waited in vain for ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#changed.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #openControl(socket: WebSocket): void {
    this.#control = socket;
    this.#welcomed = false;
    socket.on("error", () => {});
    socket.on("message", (raw: Buffer) => {
      const frame = JSON.parse(raw.toString("utf8")) as WorkerControlFrame;
      this.controlFrames.push(frame);
      if (frame.type === "hello") {
        this.hellos.push(frame);
        const welcome: WelcomeFrame = {
          type: "welcome",
          protocol: this.protocol,
          workerId: this.workerId,
          group: "default",
          leaseDuration: this.leaseDuration,
          serviceTime: Date.now(),
          keep: this.keep(frame),
        };
        socket.send(JSON.stringify(welcome));
        this.#welcomed = true;
      } else if (frame.type === "heartbeat" && this.acknowledgesHeartbeats) {
        const { sequence } = frame;
        this.send({
          type: "heartbeat-acknowledged",
          sequence,
          serviceTime: Date.now(),
          leaseDuration: this.leaseDuration,
        });
      } else if (frame.type === "asset-request") {
        const answer = this.assets(frame.request);
        if (answer !== undefined) this.send({ type: "asset-answer", requestId: frame.requestId, answer });
      } else if (frame.type === "runbook-request") {
        const error = { code: "runbook-not-found", message: "There are no other runbooks here." };
        this.send({ type: "runbook-answer", requestId: frame.requestId, answer: { error } });
      }
      this.#notify();
    });
  }

  #openRecords(socket: WebSocket): void {
    this.#recordsSocket = socket;
    socket.on("error", () => {});
    socket.on("message", (raw: Buffer) => {
      const frame = JSON.parse(raw.toString("utf8")) as WorkerRecordsFrame;
      if (frame.type === "append") {
        if (this.findsBad(frame)) socket.close(linkCloseCodes.badFrame, "as the test says");
        else if (socket.readyState === socket.OPEN) this.#append(frame);
      }
      this.#notify();
    });
  }

  #append(frame: AppendFrame): void {
    this.appends.push(frame);
    const key = `${frame.jobId}/${frame.attempt}`;
    const records = this.records.get(key) ?? [];
    this.records.set(key, records);
    for (const record of frame.records) {
      const name = `${key}/${record.number}`;
      this.timesReceived.set(name, (this.timesReceived.get(name) ?? 0) + 1);
      if (record.number === records.length + 1) records.push(record);
      else if (record.number > records.length + 1) throw new Error(`a gap before record ${name}`);
    }
    if (frame.ended !== undefined) this.ends.set(key, frame.ended);
    if (!this.acknowledgesRecords) return;
    const { jobId, attempt } = frame;
    this.sendOnRecords({
      type: "acknowledged",
      jobId,
      attempt,
      number: records.length,
      ended: frame.ended !== undefined,
    });
  }

  #notify(): void {
    for (const notify of this.#changed.splice(0)) notify();
  }
}
