import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Analysis } from "../../contract/analysis.ts";
import type { JournalItem } from "../../contract/journal.ts";
import type {
  AttemptReference,
  RunJobFrame,
  ServiceControlFrame,
  WelcomeFrame,
  WorkerControlFrame,
} from "../../contract/link/control-frames.ts";
import { controlPath, linkProtocolVersion } from "../../contract/link/control-frames.ts";
import type { AttemptEnd, ServiceRecordsFrame } from "../../contract/link/records-frames.ts";
import { recordsPath } from "../../contract/link/records-frames.ts";
import { emptySignature } from "../../contract/signature.ts";
import type { StreamRecord } from "../../contract/stream.ts";
import type { TestServer } from "./test-server.ts";

export interface ScriptedWorkerOptions {
  /** Of a worker that is known; a new one is made when left out. */
  token?: string;
  instanceId?: string;
  running?: readonly AttemptReference[];
  /** Where its records go, when that is another service. */
  recordsServer?: TestServer;
}

/**
 * A worker that speaks the link's contract and runs nothing: tests of the service's own doors say what it answers.
 * It offers PowerShell only, so that no compiler is needed.
 */
export class ScriptedWorker {
  readonly #control: WebSocket;
  readonly #records: WebSocket;
  readonly #jobs: RunJobFrame[] = [];
  readonly #stops: string[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #acknowledged = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #dropped: string[] = [];
  readonly token: string;
  readonly instanceId: string;
  /** What the service says that it goes on with. */
  kept: AttemptReference[] = [];
  /** With which the service, or this worker, closed the control socket; null while it is open. */
  closeCode: number | null = null;
  /** As it was welcomed with, in milliseconds. */
  leaseDuration = 0;
  /** What it finds in every script. */
  analysis: (name: string, script: string) => Partial<Analysis> = () => ({});

  private constructor(control: WebSocket, records: WebSocket, token: string, instanceId: string) {
    this.token = token;
    this.instanceId = instanceId;
    this.#control = control;
    this.#records = records;
    control.on("close", (code) => {
      this.closeCode = code;
      this.#changed();
    });
  }

  static async connect(
    server: TestServer,
    analysis?: ScriptedWorker["analysis"],
    { token, instanceId = randomUUID(), running = [], recordsServer = server }: ScriptedWorkerOptions = {},
  ): Promise<ScriptedWorker> {
    const ownToken = token ?? (await server.workerToken());
    const headers = { authorization: `Bearer ${ownToken}` };
    const url = server.url.replace(/^http/, "ws");
    const control = new WebSocket(url + controlPath, { headers });
    await once(control, "open");
    const welcomed = once(control, "message");
    const hello: WorkerControlFrame = {
      type: "hello",
      protocol: linkProtocolVersion,
      version: "0.0.0",
      instanceId,
      hostName: "scripted",
      slots: 4,
      hostKinds: [{ kind: "pwsh", version: "7.4.0" }],
      missingHostKinds: [{ kind: "node", reason: "this worker runs nothing" }],
      sandbox: "none",
      running: [...running],
    };
    const records = new WebSocket(recordsServer.url.replace(/^http/, "ws") + recordsPath, { headers });
    const worker = new ScriptedWorker(control, records, ownToken, instanceId);
    if (analysis !== undefined) {
      worker.analysis = analysis;
    }
    control.on("message", (data) => worker.#told(JSON.parse(String(data)) as ServiceControlFrame));
    records.on("message", (data) => worker.#answered(JSON.parse(String(data)) as ServiceRecordsFrame));
    control.send(JSON.stringify(hello));
    const [welcome] = (await welcomed) as [Buffer];
    const { workerId, leaseDuration, keep } = JSON.parse(String(welcome)) as WelcomeFrame;
    worker.leaseDuration = leaseDuration;
    worker.kept = keep;
    worker.#beat();
    if (records.readyState !== WebSocket.OPEN) {
      await once(records, "open");
    }
    records.send(JSON.stringify({ type: "records-hello", protocol: linkProtocolVersion, workerId, instanceId }));
    return worker;
  }

  /** The next job that is handed over. */
  nextJob(): Promise<RunJobFrame> {
    return this.#until(() => this.#jobs.shift());
  }

  /** Resolves when this job was told to stop. */
  async stopped(jobId: string): Promise<void> {
    await this.#until(() => this.#stops.find((stopped) => stopped === jobId));
  }

  /** Resolves when this job is not its own any more. */
  async dropped(jobId: string): Promise<void> {
    await this.#until(() => this.#dropped.find((dropped) => dropped === jobId));
  }

  /** Resolves with the code when the control socket was closed. */
  closedByService(): Promise<number> {
    return this.#until(() => this.closeCode ?? undefined);
  }

  /** Breaks both sockets without a word. */
  breakOff(): void {
    this.#control.terminate();
    this.#records.terminate();
  }

  /** Sends records and the end; resolves when they are stored. */
  async append(
    { jobId, attempt }: { jobId: string; attempt: number },
    records: StreamRecord[],
    outcome?: AttemptEnd["outcome"],
    journal: readonly JournalItem[] = [],
  ): Promise<void> {
    const ended: AttemptEnd | undefined =
      outcome === undefined ? undefined : { outcome, reason: "script", endedAt: Date.now() };
    // What was answered before may have been of another attempt.
    this.#acknowledged.delete(jobId);
    this.#ended.delete(jobId);
    this.#records.send(
      JSON.stringify({ type: "append", jobId, attempt, records, journal, ...(ended !== undefined && { ended }) }),
    );
    const last = records.at(-1)?.number ?? 0;
    await this.#until(
      () =>
        ((this.#acknowledged.get(jobId) ?? -1) >= last && (ended === undefined || this.#ended.has(jobId))) || undefined,
    );
  }

  async close(): Promise<void> {
    const closed = [this.#control, this.#records].map((socket) => once(socket, "close"));
    this.#control.close();
    this.#records.close();
    await Promise.all(closed);
  }

  /** Renews its lease while its control socket is open. */
  #beat(): void {
    let sequence = 0;
    const timer = setInterval(() => {
      sequence += 1;
      const frame: WorkerControlFrame = {
        type: "heartbeat",
        sequence,
        freeSlots: 1,
        warmHosts: {},
        load: 0,
        memory: 0,
      };
      if (this.#control.readyState === WebSocket.OPEN) {
        this.#control.send(JSON.stringify(frame));
      }
    }, this.leaseDuration / 4);
    timer.unref();
    this.#control.once("close", () => clearInterval(timer));
  }

  #told(frame: ServiceControlFrame): void {
    if (frame.type === "analyse") {
      const found: Analysis = {
        signature: emptySignature,
        needs: [],
        problems: [],
        synopsis: "",
        executable: frame.script,
        ...this.analysis(frame.name, frame.script),
      };
      this.#control.send(JSON.stringify({ type: "analysis", requestId: frame.requestId, analysis: found }));
    } else if (frame.type === "run-job") {
      this.#jobs.push(frame);
    } else if (frame.type === "stop-job") {
      this.#stops.push(frame.jobId);
    } else if (frame.type === "drop-job") {
      this.#dropped.push(frame.jobId);
    }
    this.#changed();
  }

  #answered(frame: ServiceRecordsFrame): void {
    if (frame.type === "acknowledged") {
      this.#acknowledged.set(frame.jobId, frame.number);
      if (frame.ended) {
        this.#ended.add(frame.jobId);
      }
    }
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }

  #until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const listener = () => {
        const found = look();
        if (found !== undefined) {
          this.#listeners.delete(listener);
          resolve(found);
        }
      };
      this.#listeners.add(listener);
      listener();
    });
  }
}

/** A record of the Output stream. */
export function outputRecord(number: number, text: string): StreamRecord {
  return { number, stream: "Output", time: Date.now(), text };
}
