import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunbookSettings } from "../../src/contract/api/runbook.ts";
import type { Grant } from "../../src/contract/grant.ts";
import type { RunbookKind } from "../../src/contract/runbook-kind.ts";
import { Installation } from "../support/installation.ts";
import { processOfJob } from "../support/live-attempts.ts";
import { eventually, isAlive } from "../support/processes.ts";
import type { Targets } from "./attempts.ts";
import { attemptsWith, escapeAttempts } from "./attempts.ts";
import { otherJob, powerShellEscape, typeScriptEscape } from "./scripts.ts";

interface Outcome {
  name: string;
  succeeded: boolean;
  detail: string;
}

/** A machine's worth of things to get at, and jobs that try. */
export class EscapeGround implements AsyncDisposable {
  readonly installation: Installation;
  readonly targets: Targets;

  static async start(): Promise<EscapeGround> {
    const installation = await Installation.start();
    try {
      return new EscapeGround(installation, await layOut(installation));
    } catch (error) {
      await installation[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(installation: Installation, targets: Targets) {
    this.installation = installation;
    this.targets = targets;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.installation[Symbol.asyncDispose]();
  }

  get grantedForReading(): Grant {
    return { type: "path", path: this.targets.readable, access: "read" };
  }

  get grantedForWriting(): Grant {
    return { type: "path", path: this.targets.granted, access: "write" };
  }

  /** Shows that the attempts are sound: outside of the sandbox they succeed. */
  assertSoundAttempts(): void {
    for (const { name, command } of escapeAttempts(this.targets).filter(({ provable }) => provable === true)) {
      const { status, stderr } = spawnSync("/bin/sh", ["-c", command], { encoding: "utf8" });
      assert.equal(status, 0, `outside of a sandbox one can "${name}": ${stderr}`);
    }
  }

  /** Runs a script with these grants that tries everything, and asserts that it got nowhere. */
  async assertNoEscape(
    kind: RunbookKind,
    grants: readonly Grant[],
    settings: Partial<RunbookSettings> = {},
  ): Promise<void> {
    const { client } = this.installation;
    const { targets } = this;
    const name = `escape-${kind}`;
    const source = kind === "TypeScript" ? typeScriptEscape : powerShellEscape;
    await client.import(name, kind, source, { isolation: "job", ...settings, grants: [...grants] });
    const attempts = attemptsWith(targets, grants);
    const hasNetwork = grants.some(({ type }) => type === "network");
    const { jobId } = await client.start(name, {
      attempts: attempts.map(({ name, command }) => ({ name, command })),
      files: [
        targets.adminTokenFile,
        targets.workerTokenFile,
        join(targets.dataDirectory, "runsmith.sqlite"),
        "/etc/shadow",
      ],
      ports: hasNetwork ? [] : [targets.port],
      processes: [targets.serverProcess, targets.workerProcess, targets.otherJobProcess],
    });
    const job = await client.ended(jobId);
    const errors = await client.records(jobId, "Error");
    assert.equal(job.status, "Completed", JSON.stringify([job.statusReason, job.exception, errors.slice(0, 3)]));
    assert.equal(job.isolation, settings.isolation ?? "job");
    const outcomes = (await client.records(jobId, "Output")).map((record): Outcome => {
      return (record.value ?? JSON.parse(record.text)) as Outcome;
    });
    assert.equal(outcomes.at(-1)?.name, "the end");
    const tried = new Set(outcomes.map(({ name }) => name));
    assert.deepEqual(
      attempts.filter(({ name }) => !tried.has(name)).map(({ name }) => name),
      [],
      "not even tried",
    );
    const escapes = outcomes.filter(({ succeeded }) => succeeded).map(({ name, detail }) => `${name}: ${detail}`);
    assert.deepEqual(escapes, [], "escapes that succeeded");
    for (const process of [targets.serverProcess, targets.workerProcess, targets.otherJobProcess]) {
      assert.ok(isAlive(process));
    }
  }
}

async function layOut(installation: Installation): Promise<Targets> {
  const { client, folder, dataDirectory } = installation;
  const workerSecret = `worker-secret-${process.pid}`;
  const otherJobSecret = `job-secret-${process.pid}`;
  const worker = await installation.startWorker({ environment: { WORKER_SECRET: workerSecret } });
  const places = {
    outside: join(folder, "outside"),
    granted: join(folder, "granted"),
    readable: join(folder, "readable"),
  };
  for (const place of Object.values(places)) {
    await mkdir(place);
    await chmod(place, 0o777);
    await writeFile(join(place, "plain"), "plain\n");
    await chmod(join(place, "plain"), 0o666);
  }
  await symlink(places.outside, join(places.granted, "out"));
  await client.import("other-job", "TypeScript", otherJob);
  const { jobId } = await client.start("other-job", { secret: otherJobSecret });
  const otherJobProcess = await eventually(() => processOfJob(jobId), "the other job's process");
  await client.until(jobId, ({ recordCount }) => recordCount > 0, "ready");
  return {
    ...places,
    dataDirectory,
    adminTokenFile: join(dataDirectory, "admin.token"),
    workerTokenFile: worker.tokenFile,
    port: Number(new URL(client.url).port),
    serverProcess: installation.server.process.pid ?? 0,
    workerProcess: worker.processId,
    otherJobProcess,
    otherJobSecret,
    workerSecret,
  };
}
