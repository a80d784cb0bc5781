import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Grant } from "../../src/contract/grant.ts";
import type { HostAccount } from "../accounts/host-account.ts";
import { createBubblewrapSandbox } from "../sandbox/bubblewrap.ts";
import type { PreparedGrants } from "../sandbox/prepared-grants.ts";
import type { ResourceLimits } from "../sandbox/resource-limits.ts";
import { defaultResourceLimits } from "../sandbox/resource-limits.ts";
import type { ProcessExit, Sandbox, SandboxedProcess } from "../sandbox/sandbox.ts";
import { inProcessSpawner } from "../spawning/in-process-spawner.ts";
import { testRuntimeDirectory } from "./test-worker.ts";

/** Whether these tests run as root, which gives hosts accounts of their own. */
export const isRoot = process.getuid?.() === 0;

/** An account for tests, outside of what workers reserve by default. */
export const testAccount: HostAccount | null = isRoot ? { userId: 63_001, groupId: 63_000, release() {} } : null;

export interface ShellResult {
  output: string;
  errors: string;
  exit: ProcessExit;
}

/** Shell scripts in the product's own sandbox, as the programs of hosts. */
export class SandboxProbe {
  readonly folder = mkdtempSync(join(tmpdir(), "runsmith-sandbox-test-"));
  readonly #sandbox: Promise<Sandbox>;

  /** Both are relative to `folder`. */
  constructor(protectedPaths: readonly string[] = [], unchangeablePaths: readonly string[] = []) {
    this.#sandbox = createBubblewrapSandbox(
      {
        runtimeDirectory: testRuntimeDirectory,
        protectedPaths: protectedPaths.map((path) => join(this.folder, path)),
        unchangeablePaths: unchangeablePaths.map((path) => join(this.folder, path)),
      },
      inProcessSpawner,
    );
  }

  /** Starts a script; it may write to descriptor 4 to say that it is ready. */
  async start(
    script: string,
    grants: readonly Grant[] = [],
    limits: Partial<ResourceLimits> = {},
  ): Promise<SandboxedProcess> {
    return await this.startPrepared(script, await this.prepare(grants), limits);
  }

  async prepare(grants: readonly Grant[]): Promise<PreparedGrants> {
    return await (await this.#sandbox).prepare(grants);
  }

  async startPrepared(
    script: string,
    grants: PreparedGrants,
    limits: Partial<ResourceLimits> = {},
  ): Promise<SandboxedProcess> {
    const sandbox = await this.#sandbox;
    return await sandbox.start({
      program: {
        kind: "node",
        version: "",
        command: "/bin/sh",
        arguments: ["-c", script],
        environment: {},
        directEnvironment: {},
        readOnlyPaths: [],
        leastDataLimit: 0,
      },
      direct: false,
      grants,
      account: testAccount,
      limits: { ...defaultResourceLimits, ...limits },
    });
  }

  /** Runs a script to its end. */
  async run(script: string, grants: readonly Grant[] = [], limits: Partial<ResourceLimits> = {}): Promise<ShellResult> {
    const started = await this.start(script, grants, limits);
    let output = "";
    let errors = "";
    started.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    started.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    started.output.resume();
    const closed = [started.stdout, started.stderr].map(
      (stream) => new Promise((resolve) => stream.once("close", resolve)),
    );
    const exit = await started.exited;
    await Promise.all(closed);
    return { output, errors, exit };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Resolves when a started script has said something on descriptor 4. */
export function spoken(started: SandboxedProcess): Promise<string> {
  return new Promise((resolve) => started.output.once("data", (chunk: Buffer) => resolve(chunk.toString())));
}
