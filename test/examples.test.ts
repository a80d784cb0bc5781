import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { generate } from "selfsigned";
import type { RunbookResource } from "../src/contract/api/runbook.ts";
import { skipUnless } from "./support/requires.ts";
import { type System, startSystem } from "./support/system.ts";

const examples = join(import.meta.dirname, "..", "docs", "examples");

describe("every example does its work with the grants that it states", skipUnless("bubblewrap"), () => {
  let system: System;
  let logs: string;
  let web: Server;
  let tls: Server;

  before(async () => {
    system = await startSystem();
    logs = await folderOfLogs();
    web = await listening(createServer((_, answer) => answer.end("all is well")));
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
      notAfterDate: inDays(100),
    });
    tls = await listening(createTlsServer({ key, cert }, (socket) => socket.on("error", () => {}).end()));
  });

  after(async () => {
    for (const server of [web, tls]) server.close();
    await rm(logs, { recursive: true, force: true });
    await system[Symbol.asyncDispose]();
  });

  for (const kind of [".ts", ".ps1"] as const) {
    describe(kind === ".ts" ? "in TypeScript" : "in PowerShell", kind === ".ps1" ? skipUnless("pwsh") : {}, () => {
      before(async () => {
        const files = (await readdir(examples))
          .filter((name) => name.endsWith(kind))
          .map((name) => join(examples, name));
        const imported = await system.run(
          "import-runbook",
          ...files,
          "--publish",
          "--grant-needed",
          "--output",
          "json",
        );
        assert.equal(imported.code, 0, imported.stderr);
        const results: { runbook: RunbookResource }[] = JSON.parse(imported.stdout);
        assert.ok(results.length >= 4);
        for (const { runbook } of results) assert.deepEqual(runbook.published?.problems, [], runbook.name);
      });

      const name = (typescript: string, powershell: string) => (kind === ".ts" ? typescript : powershell);

      test("disk space with thresholds over mount points", async () => {
        const run = await follow(name("Get-DiskSpace", "Get-DiskUsage"), { warningPercent: 100, criticalPercent: 100 });
        assert.match(run, /\/usr/);
        assert.match(run, /\/var/);
      });

      test("certificates of TLS endpoints and their days left", async () => {
        const endpoint = `127.0.0.1:${(tls.address() as AddressInfo).port}`;
        const run = await follow(
          name("Get-CertificateExpiry", "Get-TlsCertificate"),
          kind === ".ts" ? { endpoints: [endpoint] } : { Endpoint: [endpoint] },
        );
        assert.match(run, /localhost/);
        assert.match(run, /\b99\b/);
      });

      test("a health check over HTTP, which tells a healthy address from one that does not answer", async () => {
        const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
        const runbook = name("Test-HttpHealth", "Test-WebHealth");
        const of = (...urls: string[]) => (kind === ".ts" ? { urls } : { Uri: urls });
        const healthy = await follow(runbook, { ...of(url), expectedText: "all is well" });
        assert.match(healthy, /\b200\b/);
        const failed = await start(runbook, { ...of("http://127.0.0.1:1/"), tries: 1 });
        assert.equal(failed.code, 1, failed.stdout);
      });

      test("old logs are compressed and older ones removed", async () => {
        const folder = join(logs, kind.slice(1));
        const run = await follow(name("Compress-OldLog", "Compress-Log"), { folder });
        assert.match(run, /compress old\.log/);
        assert.deepEqual((await readdir(folder)).sort(), ["new.log", "old.log.gz"]);
      });

      test("a watched program is started again when it ends", async () => {
        const run = await start(name("Watch-Process", "Watch-Program"), {
          command: ["/usr/bin/true"],
          seconds: 30,
          maximumRestarts: 1,
        });
        assert.equal(run.code, 1, run.stdout);
        assert.match(run.stderr, /restart 1 of 1/);
        assert.match(run.stderr, /ended 2 times/);
      });
    });
  }

  /** Names of parameters as TypeScript writes them; the command finds them whatever their case. */
  async function start(runbook: string, parameters: Record<string, unknown>) {
    const pairs = Object.entries(parameters).flatMap(([name, value]) => ["-p", `${name}=${textOf(value)}`]);
    return await system.run("start-runbook", runbook, ...pairs, "--follow");
  }

  async function follow(runbook: string, parameters: Record<string, unknown>): Promise<string> {
    const ended = await start(runbook, parameters);
    assert.equal(ended.code, 0, `${ended.stdout}\n${ended.stderr}`);
    return ended.stdout;
  }
});

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A folder for each kind, where every account may write, as jobs run as other accounts than the worker. */
async function folderOfLogs(): Promise<string> {
  const folder = await mkdtemp("/var/tmp/runsmith-test-");
  await chmod(folder, 0o755);
  for (const kind of ["ts", "ps1"]) {
    const own = join(folder, kind);
    await mkdir(own);
    await chmod(own, 0o777);
    for (const [name, age] of [
      ["new.log", 0],
      ["old.log", 3],
      ["older.log.gz", 40],
    ] as const) {
      await writeFile(join(own, name), "one line\n".repeat(1000), { mode: 0o644 });
      await utimes(join(own, name), inDays(-age), inDays(-age));
    }
  }
  return folder;
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

function listening<S extends Server>(server: S): Promise<S> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
