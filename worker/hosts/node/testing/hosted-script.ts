import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import type {
  EndedMessage,
  HostToWorkerMessage,
  ReadyMessage,
  RecordMessage,
  RunMessage,
} from "../../../../src/contract/host/host-messages.ts";
import type { JournalEntry } from "../../../../src/contract/journal.ts";
import type { StreamName } from "../../../../src/contract/stream.ts";
import type { HostProgram } from "../../../sandbox/host-program.ts";
import { nodeHostLauncher } from "../node-host-launcher.ts";

/** A script in a real host process, without a sandbox. */
export class HostedScript {
  readonly records: RecordMessage[] = [];
  ready: ReadyMessage | undefined;
  ended: EndedMessage | undefined;
  /** What was kept until now; each entry is answered as stored. */
  readonly journal: JournalEntry[] = [];
  /** Kills the host when so many entries are kept, without a word to the script. */
  killAfter = Number.POSITIVE_INFINITY;
  /** What the process wrote past the host, on descriptors 1 and 2. */
  raw = "";
  exit: { code: number | null; signal: string | null } | undefined;
  readonly process: ChildProcess;
  #partial = "";
  #waiting: (() => void)[] = [];

  constructor(program: HostProgram, environment: Record<string, string> = {}) {
    this.process = spawn(program.command, program.arguments, {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      env: { PATH: "/usr/bin:/bin", HOME: "/tmp", ...program.environment, ...environment },
      cwd: "/tmp",
    });
    const { stdio } = this.process;
    for (const stream of [stdio[1], stdio[2]]) {
      if (stream !== null && "setEncoding" in stream)
        stream.setEncoding("utf8").on("data", (text: string) => (this.raw += text));
    }
    // Where it was killed, what is still said to it has no reader.
    for (const each of [stdio[3], stdio[4]]) each?.on("error", () => {});
    const output = stdio[4];
    assert.ok(output !== undefined && output !== null && "setEncoding" in output);
    output.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.process.on("close", (code, signal) => {
      this.exit = { code, signal };
      this.#wake();
    });
  }

  send(message: unknown): void {
    const input = this.process.stdio[3];
    assert.ok(input !== undefined && input !== null && "write" in input);
    input.write(`${JSON.stringify(message)}\n`);
  }

  /** Hands a script over, in TypeScript. */
  run(script: string, message: Partial<RunMessage> = {}): void {
    this.send({
      type: "run",
      jobId: "0198c2f0-0000-7000-8000-000000000001",
      attempt: 1,
      runbook: { name: "sample", kind: "TypeScript" },
      script: stripTypeScriptTypes(script),
      parameters: {},
      parameterSchemas: {},
      logs: { verbose: false, debug: false, progress: false },
      width: 120,
      stopGrace: 1000,
      ...message,
    } satisfies RunMessage);
  }

  stop(reason = "stopped by a test"): void {
    this.send({ type: "stop", reason });
  }

  /** Resolves when `condition` holds, or the process is over. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition() && this.exit === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when the process is over and all that it wrote is read. */
  async over(): Promise<this> {
    await this.until(() => false);
    return this;
  }

  texts(...streams: StreamName[]): string[] {
    return this.records
      .filter(({ stream }) => streams.length === 0 || streams.includes(stream))
      .map(({ text }) => text);
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line) as HostToWorkerMessage;
      if (message.type === "ready") this.ready = message;
      else if (message.type === "record") this.records.push(message);
      else if (message.type === "ended") this.ended = message;
      else if (message.type === "runbook-request" && message.request.action === "find-approvers")
        this.send({
          type: "runbook-answer",
          requestId: message.requestId,
          answer: { approvers: message.request.names },
        });
      else if (message.type === "journal" && message.entry !== undefined) this.#keep(message.sequence, message.entry);
    }
    this.#wake();
  }

  #keep(sequence: number, entry: JournalEntry): void {
    if (this.journal.length >= this.killAfter) return;
    this.journal.push(entry);
    if (this.journal.length === this.killAfter) this.process.kill("SIGKILL");
    else this.send({ type: "journal-stored", sequence });
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Prepares the host once for a test file, and ends what the file started. */
export async function prepareHosts(): Promise<{
  program: HostProgram;
  start: (environment?: Record<string, string>) => HostedScript;
  /** Runs a script to its end. */
  run: (script: string, message?: Partial<RunMessage>) => Promise<HostedScript>;
}> {
  const directory = await mkdtemp(path.join(tmpdir(), "runsmith-node-host-"));
  const started: HostedScript[] = [];
  after(async () => {
    for (const { process, exit } of started) if (exit === undefined) process.kill("SIGKILL");
    await rm(directory, { recursive: true });
  });
  const program = await nodeHostLauncher.prepare(directory);
  assert.ok(!("missing" in program));
  const start = (environment?: Record<string, string>) => {
    const script = new HostedScript(program, environment);
    started.push(script);
    return script;
  };
  const run = (script: string, message?: Partial<RunMessage>) => {
    const hosted = start();
    hosted.run(script, message);
    return hosted.over();
  };
  return { program, start, run };
}
