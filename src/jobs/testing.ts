import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import type { JobResource } from "../contract/api/job.ts";
import type { RunbookSettings } from "../contract/api/runbook.ts";
import type {
  RunJobFrame,
  ServiceControlFrame,
  WelcomeFrame,
  WorkerControlFrame,
} from "../contract/link/control-frames.ts";
import { controlPath, linkProtocolVersion } from "../contract/link/control-frames.ts";
import type { AttemptEnd, ServiceRecordsFrame, WorkerRecordsFrame } from "../contract/link/records-frames.ts";
import { recordsPath } from "../contract/link/records-frames.ts";
import { silentLogger } from "../contract/logger.ts";
import type { HostKind, RunbookKind } from "../contract/runbook-kind.ts";
import type { Signature } from "../contract/signature.ts";
import { emptySignature } from "../contract/signature.ts";
import type { StreamName } from "../contract/stream.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import type { WorkersFeature } from "../workers/workers-feature.ts";
import { createWorkersFeature } from "../workers/workers-feature.ts";
import { createJobsFeature } from "./create-jobs-feature.ts";
import type { JobsFeature, JobsOptions } from "./jobs-feature.ts";

/* For tests only: the service's side of jobs over a real database and real sockets, and a worker that does what it is told. */

interface ServiceOptions extends Partial<Omit<JobsOptions, "store" | "workers">> {
  leaseDuration?: number;
  /** What the features get for a store. */
  wrapStore?: (store: Store) => Store;
}

export interface TestService {
  store: Store;
  jobs: JobsFeature;
  workers: WorkersFeature;
  url: string;
  /** A published runbook; gives its id. */
  addRunbook(
    name: string,
    more?: Partial<RunbookSettings> & { kind?: RunbookKind; signature?: Partial<Signature>; script?: string },
  ): Promise<string>;
  start(runbook: string, parameters?: Record<string, unknown>): Promise<JobResource>;
  /** Waits until a job is in one of these states. */
  until(jobId: string, ...statuses: JobResource["status"][]): Promise<JobResource>;
  newWorker(of?: { name?: string; group?: string; tags?: string[] }): Promise<{ workerId: string; token: string }>;
  /** A planned stop, which leaves the workers this long a lease (milliseconds). */
  stop(extension?: number): Promise<void>;
  /** What is left of a service that was killed: its sockets close, nothing is said, nothing is stored. */
  kill(): Promise<void>;
}

/** A folder for a database, gone after the test. */
export function temporaryData(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "runsmith-jobs-"));
  test.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

export async function startService(
  test: TestContext,
  options: ServiceOptions & { directory?: string; port?: number } = {},
): Promise<TestService> {
  const directory = options.directory ?? temporaryData(test);
  const opened = await openStore({ dataDirectory: directory });
  const store = options.wrapStore?.(opened) ?? opened;
  const logger = options.logger ?? silentLogger;
  const workers = createWorkersFeature({
    store,
    logger,
    leaseDuration: options.leaseDuration ?? 6_000,
    authenticate: async (request) => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
      return store.read.tokenHolder({ hash: createHash("sha256").update(token).digest() });
    },
    newToken: () => {
      const token = randomBytes(32).toString("base64url");
      return { token, hash: createHash("sha256").update(token).digest() };
    },
    tokensRevoked: () => {},
  });
  const jobs = createJobsFeature({ ...options, store, workers, logger });
  const server = createServer();
  server.on("upgrade", (request, socket, head) => {
    if (!workers.handleUpgrade(request, socket, head)) {
      socket.destroy();
    }
  });
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  workers.start();
  jobs.start();

  let stopped: Promise<void> | undefined;
  const end = (planned: boolean, extension?: number) => {
    stopped ??= (async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      if (!planned) {
        for (const socket of sockets) {
          socket.destroy();
        }
      }
      await jobs.stop();
      if (planned) {
        await workers.stop(extension);
      } else {
        await workers.stop(0);
      }
      await closed;
      await store.close();
    })();
    return stopped;
  };
  test.after(() => end(true));

  return {
    store,
    jobs,
    workers,
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async addRunbook(name, { kind = "TypeScript", signature = {}, script = `// ${name}`, ...settings } = {}) {
      const analysis = {
        signature: { ...emptySignature, ...signature },
        needs: [],
        problems: [],
        synopsis: "",
        executable: script,
      };
      const source = Buffer.from(script);
      const common = { overwrite: false, settings, changedBy: "test" };
      const { runbook } = await store.write.importRunbook({ name, kind, source, analysis, ...common });
      await store.write.publishRunbook({ runbook: runbook.runbookId, changedBy: "test" });
      return runbook.runbookId;
    },
    start: async (runbook, parameters = {}) => (await jobs.startJob({ runbook, parameters, startedBy: "ann" })).job,
    async until(jobId, ...statuses) {
      for (let look = 0; look < 2_000; look += 1) {
        const job = await jobs.getJob(jobId);
        if (statuses.includes(job.status)) {
          return job;
        }
        await sleep(5);
      }
      throw new Error(`The job did not become ${statuses.join(" or ")}: ${JSON.stringify(await jobs.getJob(jobId))}`);
    },
    async newWorker(of = {}) {
      const { workerId, token } = await workers.createWorker(of);
      return { workerId, token };
    },
    stop: (extension) => end(true, extension),
    kill: () => end(false),
  };
}

interface WorkerOptions {
  token: string;
  instanceId?: string;
  slots?: number;
  hostKinds?: HostKind[];
  kindSlots?: Partial<Record<HostKind, number>>;
  /** The current one when left out. */
  protocol?: number;
  missingHostKinds?: { kind: HostKind; reason: string }[];
  running?: { jobId: string; attempt: number }[];
  /** Milliseconds between heartbeats; none when 0. */
  heartbeat?: number;
}

/** A worker that speaks the contract and does what a test tells it. */
export class TestWorker {
  readonly control: WebSocket;
  readonly instanceId: string;
  welcome: WelcomeFrame | undefined;
  records: WebSocket | undefined;
  readonly frames: ServiceControlFrame[] = [];
  readonly answers: ServiceRecordsFrame[] = [];
  /** Code and reason with which the control socket was closed. */
  closed: { code: number; reason: string } | undefined;
  recordsClosed: { code: number; reason: string } | undefined;
  #taken = 0;
  #answersTaken = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(control: WebSocket, instanceId: string) {
    this.control = control;
    this.instanceId = instanceId;
    control.on("message", (data) => this.frames.push(JSON.parse(String(data)) as ServiceControlFrame));
    control.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      clearInterval(this.#timer);
    });
    control.on("error", () => undefined);
  }

  /** Opens the control socket and says nothing. */
  static async open(test: TestContext, url: string, token: string, instanceId = randomBytes(8).toString("hex")) {
    const worker = new TestWorker(connect(url + controlPath, token), instanceId);
    test.after(() => worker.terminate());
    await once(worker.control, "open");
    return worker;
  }

  /** Opens both sockets and says hello on both. */
  static async connect(test: TestContext, service: { url: string }, options: WorkerOptions): Promise<TestWorker> {
    const worker = await TestWorker.open(test, service.url, options.token, options.instanceId);
    worker.hello(options);
    const welcome = await worker.next("welcome");
    worker.welcome = welcome;
    await worker.openRecords(test, service.url, options.token, welcome.workerId);
    let sequence = 0;
    const interval = options.heartbeat ?? welcome.leaseDuration / 4;
    if (interval > 0) {
      worker.#timer = setInterval(() => {
        sequence += 1;
        worker.heartbeat(sequence);
      }, interval);
    }
    return worker;
  }

  hello(options: WorkerOptions): void {
    this.send({
      type: "hello",
      protocol: options.protocol ?? linkProtocolVersion,
      version: "0",
      instanceId: this.instanceId,
      hostName: "test",
      slots: options.slots ?? 4,
      hostKinds: (options.hostKinds ?? ["node"]).map((kind) => {
        const slots = options.kindSlots?.[kind];
        return { kind, version: "1", ...(slots !== undefined && { slots }) };
      }),
      missingHostKinds: options.missingHostKinds ?? [],
      sandbox: "bubblewrap",
      running: options.running ?? [],
    });
  }

  async openRecords(test: TestContext, url: string, token: string, workerId: string): Promise<void> {
    const records = connect(url + recordsPath, token);
    this.records = records;
    this.recordsClosed = undefined;
    test.after(() => records.terminate());
    records.on("message", (data) => this.answers.push(JSON.parse(String(data)) as ServiceRecordsFrame));
    records.on("close", (code, reason) => {
      if (this.records === records) {
        this.recordsClosed = { code, reason: reason.toString() };
      }
    });
    records.on("error", () => undefined);
    await once(records, "open");
    this.sendRecords({ type: "records-hello", protocol: linkProtocolVersion, workerId, instanceId: this.instanceId });
  }

  heartbeat(sequence: number): void {
    this.send({ type: "heartbeat", sequence, freeSlots: 1, warmHosts: {}, load: 0, memory: 0 });
  }

  send(frame: WorkerControlFrame): void {
    this.control.send(JSON.stringify(frame));
  }

  sendRecords(frame: WorkerRecordsFrame): void {
    this.records?.send(JSON.stringify(frame));
  }

  /** The next control frame of a type that was not taken yet; others in between are passed over. */
  async next<Type extends ServiceControlFrame["type"]>(
    type: Type,
  ): Promise<Extract<ServiceControlFrame, { type: Type }>> {
    const frame = await eventually(() => {
      while (this.#taken < this.frames.length) {
        const next = this.frames[this.#taken];
        this.#taken += 1;
        if (next?.type === type) {
          return next as Extract<ServiceControlFrame, { type: Type }>;
        }
      }
      return undefined;
    }, `a frame ${type}`);
    return frame;
  }

  /** The next answer on the records socket. */
  nextAnswer(): Promise<ServiceRecordsFrame> {
    return eventually(() => {
      const answer = this.answers[this.#answersTaken];
      this.#answersTaken += answer === undefined ? 0 : 1;
      return answer;
    }, "an answer to records");
  }

  /** Says that a job runs, and sends lines with these numbers. */
  append(
    job: { jobId: string; attempt: number },
    numbers: number[],
    more: { stream?: StreamName; time?: number; text?: string } = {},
  ) {
    const { stream = "Output", time = Date.now() } = more;
    this.sendRecords({
      type: "append",
      jobId: job.jobId,
      attempt: job.attempt,
      records: numbers.map((number) => ({ number, stream, time, text: more.text ?? `line ${number}` })),
    });
  }

  /** The script has been handed over. */
  begin({ jobId, attempt }: { jobId: string; attempt: number }): void {
    const times = { hostReadyAt: Date.now(), runningAt: Date.now() };
    this.sendRecords({ type: "append", jobId, attempt, times, records: [] });
  }

  end(job: { jobId: string; attempt: number }, more: Partial<AttemptEnd> = {}): void {
    const ended: AttemptEnd = { outcome: "Completed", reason: "script", endedAt: Date.now(), ...more };
    this.sendRecords({ type: "append", jobId: job.jobId, attempt: job.attempt, records: [], ended });
  }

  /** Runs every job that it gets, with one line each. */
  runAll(): void {
    this.control.on("message", (data) => {
      const frame = JSON.parse(String(data)) as ServiceControlFrame;
      if (frame.type === "run-job") {
        this.append(frame, [1]);
        this.end(frame);
      }
    });
  }

  runJobs(): RunJobFrame[] {
    return this.frames.filter((frame) => frame.type === "run-job");
  }

  /** Closes both sockets without a word. */
  terminate(): void {
    clearInterval(this.#timer);
    this.control.terminate();
    this.records?.terminate();
  }
}

/** Waits for something to be there. */
export async function eventually<T>(look: () => T | undefined, what: string): Promise<T> {
  for (let turn = 0; turn < 1_500; turn += 1) {
    const found = look();
    if (found !== undefined) {
      return found;
    }
    await sleep(turn < 200 ? 1 : 5);
  }
  throw new Error(`There never was ${what}.`);
}

function connect(url: string, token: string): WebSocket {
  return new WebSocket(url, { headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false });
}
