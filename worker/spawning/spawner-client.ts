import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { extname, join } from "node:path";
import type { Logger } from "../../src/contract/logger.ts";
import { prlimitCommand, type ResourceLimits } from "../sandbox/resource-limits.ts";
import type { ProcessExit } from "../sandbox/sandbox.ts";
import type { SpawnedProcess, Spawner, SpawnRequest } from "./spawner.ts";
import type { SpawnerMessage, SpawnMessage } from "./spawner-messages.ts";

const file = join(import.meta.dirname, `spawner-process${extname(import.meta.filename)}`);

/** A heap as small as its work: what it maps is copied with each start. */
const spawnerArguments = [
  "--max-old-space-size=64",
  "--max-semi-space-size=1",
  "--no-warnings",
  "--input-type=module",
  "--eval",
];

/** Limits of every host, and the least RLIMIT_DATA under which each of their runtimes starts. */
export interface InheritedLimits {
  limits: ResourceLimits;
  leastDataLimit: number;
}

interface Pending {
  readonly request: SpawnRequest;
  /** Asked for a second time, because the spawner ended over the first. */
  repeated: boolean;
  askedOf: ChildProcess | null;
  streams: Socket[];
  resolve(spawned: SpawnedProcess): void;
  reject(error: Error): void;
}

/** The worker's end of its spawner process, which is started again if it dies (and its hosts with it). */
export class SpawnerClient implements Spawner {
  readonly setsLimits: boolean;
  readonly #command: readonly string[];
  readonly #logger: Logger;
  readonly #pending = new Map<number, Pending>();
  readonly #exits = new Map<number, (exit: ProcessExit) => void>();
  #process: ChildProcess | null = null;
  #last = 0;
  #closed = false;

  /**
   * Makes a spawner; its process starts with the first spawn.
   *
   * @param limits Set once, for the spawner, and inherited by what it starts; null where a limit counts what else the worker's account runs, so that each host must set its own inside its sandbox.
   */
  static async create(limits: InheritedLimits | null, logger: Logger): Promise<SpawnerClient> {
    return new SpawnerClient(await programText(), limits, logger);
  }

  private constructor(program: string, limits: InheritedLimits | null, logger: Logger) {
    this.#command = [
      ...(limits === null ? [] : prlimitCommand(limits.limits, limits.leastDataLimit)),
      process.execPath,
      ...spawnerArguments,
      program,
    ];
    this.setsLimits = limits !== null;
    this.#logger = logger;
  }

  spawn(request: SpawnRequest): Promise<SpawnedProcess> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { request, repeated: false, askedOf: null, streams: [], resolve, reject });
      this.#ask(id, request);
    });
  }

  close(): void {
    this.#closed = true;
    this.#process?.stdin?.end();
    this.#process?.disconnect();
    this.#process = null;
  }

  #ask(id: number, request: SpawnRequest): void {
    const message: SpawnMessage = { id, ...request };
    const spawner = this.#connected();
    const pending = this.#pending.get(id);
    if (pending !== undefined) pending.askedOf = spawner;
    // A spawner that has died is told by `close`, which asks another one.
    spawner.send(message, () => {});
  }

  #connected(): ChildProcess {
    const { connected } = this.#process ?? { connected: false };
    if (this.#process !== null && connected) return this.#process;
    const [program = "", ...programArguments] = this.#command;
    const spawner = spawn(program, programArguments, {
      stdio: ["pipe", "ignore", "inherit", "ipc"],
      env: {},
      cwd: "/",
      detached: true,
    });
    this.#process = spawner;
    spawner.on("message", (message: SpawnerMessage, handle) => this.#take(message, handle as Socket | undefined));
    spawner.on("error", (error) => this.#logger.error("The spawner failed", { reason: error.message }));
    spawner.once("close", () => {
      if (this.#process === spawner) {
        this.#process = null;
        this.#logger.error("The spawner ended, and its hosts with it");
      }
      for (const [id, pending] of [...this.#pending]) {
        if (pending.askedOf !== spawner) continue;
        if (pending.repeated || this.#closed) {
          this.#fail(id, new Error("the process that starts hosts ended"));
        } else {
          pending.repeated = true;
          for (const stream of pending.streams.splice(0)) stream.destroy();
          this.#ask(id, pending.request);
        }
      }
      for (const resolve of this.#exits.values()) resolve({ code: null, signal: "SIGKILL" });
      this.#exits.clear();
    });
    return spawner;
  }

  #take(message: SpawnerMessage, handle: Socket | undefined): void {
    const { id } = message;
    const pending = this.#pending.get(id);
    switch (message.type) {
      case "stream":
        if (handle !== undefined) pending?.streams.push(handle);
        break;
      case "spawned": {
        this.#pending.delete(id);
        const [stdout, stderr, input, output] = pending?.streams ?? [];
        if (stdout === undefined || stderr === undefined || input === undefined || output === undefined) {
          pending?.reject(new Error("the process that starts hosts did not hand over their pipes"));
          break;
        }
        const exited = new Promise<ProcessExit>((resolve) => this.#exits.set(id, resolve));
        pending?.resolve({ processId: message.processId, stdout, stderr, input, output, exited });
        break;
      }
      case "failed":
        this.#fail(id, new Error(message.reason));
        break;
      case "exit":
        this.#exits.get(id)?.({ code: message.code, signal: message.signal });
        this.#exits.delete(id);
        break;
    }
  }

  #fail(id: number, error: Error): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    for (const stream of pending?.streams ?? []) stream.destroy();
    pending?.reject(error);
  }
}

/** As JavaScript: stripping types in the process itself would double what it holds, and so what each start copies. */
async function programText(): Promise<string> {
  const text = readFileSync(file, "utf8");
  if (!file.endsWith(".ts")) return text;
  const { transform } = await import("esbuild");
  return (await transform(text, { loader: "ts", format: "esm", target: "node26" })).code;
}
