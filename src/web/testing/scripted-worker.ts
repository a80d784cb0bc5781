import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Analysis } from "../../contract/analysis.ts";
import type { RunJobFrame, ServiceControlFrame, WorkerControlFrame } from "../../contract/link/control-frames.ts";
import { controlPath, linkProtocolVersion } from "../../contract/link/control-frames.ts";
import type { AttemptEnd, ServiceRecordsFrame } from "../../contract/link/records-frames.ts";
import { recordsPath } from "../../contract/link/records-frames.ts";
import { emptySignature } from "../../contract/signature.ts";
import type { StreamRecord } from "../../contract/stream.ts";
import type { TestServer } from "./test-server.ts";

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
  /** As it was welcomed with, in milliseconds. */
  leaseDuration = 0;
  /** What it finds in every script. */
  analysis: (name: string, script: string) => Partial<Analysis> = () => ({});

  private constructor(control: WebSocket, records: WebSocket) {
    this.#control = control;
    this.#records = records;
  }

  static async connect(server: TestServer, analysis?: ScriptedWorker["analysis"]): Promise<ScriptedWorker> {
    const headers = { authorization: `Bearer ${await server.workerToken()}` };
    const url = server.url.replace(/^http/, "ws");
    const instanceId = randomUUID();
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
      running: [],
    };
    const records = new WebSocket(url + recordsPath, { headers });
    const worker = new ScriptedWorker(control, records);
    if (analysis !== undefined) {
      worker.analysis = analysis;
    }
    control.on("message", (data) => worker.#told(JSON.parse(String(data)) as ServiceControlFrame));
    records.on("message", (data) => worker.#answered(JSON.parse(String(data)) as ServiceRecordsFrame));
    control.send(JSON.stringify(hello));
    const [welcome] = (await welcomed) as [Buffer];
    const { workerId, leaseDuration } = JSON.parse(String(welcome)) as { workerId: string; leaseDuration: number };
    worker.leaseDuration = leaseDuration;
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

  /** Sends records and the end; resolves when they are stored. */
  async append(
    { jobId, attempt }: { jobId: string; attempt: number },
    records: StreamRecord[],
    outcome?: AttemptEnd["outcome"],
  ): Promise<void> {
    const ended: AttemptEnd | undefined =
      outcome === undefined ? undefined : { outcome, reason: "script", endedAt: Date.now() };
    this.#records.send(
      JSON.stringify({ type: "append", jobId, attempt, records, ...(ended !== undefined && { ended }) }),
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
