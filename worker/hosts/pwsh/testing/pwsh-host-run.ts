import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Analysis } from "../../../../src/contract/analysis.ts";
import type {
  AssetRequestMessage,
  EndedMessage,
  HostToWorkerMessage,
  RecordMessage,
  RunMessage,
} from "../../../../src/contract/host/host-messages.ts";
import type { JournalEntry } from "../../../../src/contract/journal.ts";
import type { StreamName } from "../../../../src/contract/stream.ts";
import type { HostProgram } from "../../../sandbox/host-program.ts";
import { testRuntimeDirectory } from "../../../testing/test-worker.ts";
import { pwshHostLauncher } from "../pwsh-host-launcher.ts";

/** The host of this machine, or why these tests are skipped. `npm test -- --require pwsh` makes the lack a failure. */
export const { program, skip } = await prepare();

async function prepare(): Promise<{ program: HostProgram | null; skip: string | false }> {
  await mkdir(testRuntimeDirectory, { recursive: true, mode: 0o755 });
  const prepared = await pwshHostLauncher.prepare(testRuntimeDirectory);
  if (!("missing" in prepared)) return { program: prepared, skip: false };
  if ((process.env.RUNSMITH_TEST_REQUIRE ?? "").split(",").includes("pwsh")) throw new Error(prepared.missing);
  return { program: null, skip: prepared.missing };
}

const folder = mkdtempSync(path.join(tmpdir(), "runsmith-pwsh-host-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** A real host process, with plain pipes in place of a sandbox. */
export class PwshHostRun {
  readonly records: RecordMessage[] = [];
  ended: EndedMessage | undefined;
  analysis: Analysis | undefined;
  readonly assetRequests: AssetRequestMessage[] = [];
  /** What a workflow has saved, in its order. */
  readonly checkpoints: string[] = [];
  /** What the process wrote past the host, on descriptors 1 and 2. */
  raw = "";
  exit: { code: number | null; signal: string | null } | undefined;
  /** What was kept until now; each entry is answered as stored. */
  readonly journal: JournalEntry[] = [];
  /** Kills the host when so many entries are kept, without a word to the script. */
  killAfter = Number.POSITIVE_INFINITY;
  readonly process: ChildProcess;
  /** How often the host has said that it is ready for a job. */
  readies = 0;
  #partial = "";
  #waiting: (() => void)[] = [];

  /** @param environment `RUNSMITH_HOST_PREWARM` is `no` here unless said otherwise: prewarming is no matter of these tests. */
  constructor(environment: Record<string, string> = {}) {
    assert.ok(program !== null);
    this.process = spawn(program.command, program.arguments, {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      env: {
        PATH: "/usr/bin:/bin",
        HOME: folder,
        TMPDIR: folder,
        LANG: "C.UTF-8",
        TZ: "UTC",
        ...program.environment,
        ...program.directEnvironment,
        ...environment,
      },
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

  /** Runs a script to its end. */
  static async of(script: string, message: Partial<RunMessage> = {}): Promise<PwshHostRun> {
    const run = new PwshHostRun();
    run.run(script, message);
    return await run.over();
  }

  /** Has a script analysed. */
  static async analysisOf(script: string, name = "Sample"): Promise<Analysis> {
    const run = new PwshHostRun();
    run.send({ type: "analyse", name, script });
    await run.over();
    assert.ok(run.analysis !== undefined, `no analysis: ${JSON.stringify(run.ended)}${run.raw}`);
    return run.analysis;
  }

  send(message: unknown): void {
    const input = this.process.stdio[3];
    assert.ok(input !== undefined && input !== null && "write" in input);
    input.write(`${JSON.stringify(message)}\n`);
  }

  run(script: string, message: Partial<RunMessage> = {}): void {
    this.ended = undefined;
    this.send({
      type: "run",
      jobId: "0198c2f0-0000-7000-8000-000000000001",
      attempt: 1,
      runbook: { name: "Sample", kind: "PowerShell" },
      script,
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

  get isReady(): boolean {
    return this.readies > 0;
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

  /** The text of a stream as one: each record is a line, unless it goes on in the next. */
  joined(stream: StreamName): string {
    return this.records
      .filter((record) => record.stream === stream)
      .map((record) => (record.continued ? record.text : `${record.text}\n`))
      .join("");
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line) as HostToWorkerMessage;
      if (message.type === "ready") this.readies += 1;
      else if (message.type === "record") this.records.push(message);
      else if (message.type === "ended") this.ended = message;
      else if (message.type === "analysis") this.analysis = message.analysis;
      else if (message.type === "asset-request") this.assetRequests.push(message);
      else if (message.type === "runbook-request")
        this.send({
          type: "runbook-answer",
          requestId: message.requestId,
          answer:
            message.request.action === "find-approvers"
              ? { approvers: message.request.names }
              : { error: { code: "runbook-not-found", message: "There are no other runbooks here." } },
        });
      else if (message.type === "journal" && message.entry !== undefined) this.#keep(message.sequence, message.entry);
      else if (message.type === "journal") this.#keepCheckpoint(message.sequence, message.checkpoint ?? "");
    }
    this.#wake();
  }

  #keepCheckpoint(sequence: number, checkpoint: string): void {
    if (this.checkpoints.length >= this.killAfter) return;
    this.checkpoints.push(checkpoint);
    if (this.checkpoints.length === this.killAfter) this.process.kill("SIGKILL");
    else this.send({ type: "journal-stored", sequence });
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
