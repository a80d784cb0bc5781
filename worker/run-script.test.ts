import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { StreamRecord } from "../src/contract/stream.ts";
import { skipUnless } from "../test/support/requires.ts";
import { analyseScript } from "./analyse-script.ts";
import { findPwsh } from "./hosts/pwsh/find-pwsh.ts";
import { openLocalHosts } from "./local-hosts.ts";
import type { RunScriptOptions } from "./run-script.ts";
import { runScript } from "./run-script.ts";
import { isAlive, processesWhere } from "./sandbox/process-tree.ts";
import { isRoot } from "./testing/sandbox-probe.ts";
import { testRuntimeDirectory } from "./testing/test-worker.ts";
import type { HostOptions } from "./worker-options.ts";

const folder = mkdtempSync(join(tmpdir(), "runsmith-run-test-"));
// Hosts of a worker that is root are other accounts.
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));
const pwsh = await findPwsh();
const withoutPwsh = skipUnless("pwsh").skip || ("missing" in pwsh ? pwsh.missing : false);

async function run(script: string, options: Partial<RunScriptOptions> & HostOptions = {}) {
  const records: StreamRecord[] = [];
  const kind = options.kind ?? "TypeScript";
  await using hosts = await openLocalHosts(kind, { runtimeDirectory: testRuntimeDirectory, ...options });
  const end = await runScript(hosts, {
    name: "test",
    kind,
    script,
    parameters: {},
    parameterSchemas: {},
    grants: [],
    onRecord: (record) => records.push(record),
    ...options,
  });
  return { end, records, text: records.map((record) => record.text).join("\n") };
}

describe("a script without a service", () => {
  it("runs in the same sandbox and says the same", async () => {
    const { end, records } = await run(
      "import os from 'node:os'; export default ({ n }) => { console.log(os.hostname()); return n + 1 }",
      {
        parameters: { n: 1 },
      },
    );
    assert.equal(end.outcome, "Completed");
    assert.equal(end.result, 2);
    assert.deepEqual(
      records.map(({ number, stream, text }) => [number, stream, text]),
      [
        [1, "Output", "job"],
        [2, "Output", "2"],
      ],
    );
  });

  it("ends as a fault of the worker when what it says cannot be handled, and quotes nothing of it", async () => {
    const onRecord = (record: StreamRecord): void => {
      throw new Error(`cannot take ${record.text}`);
    };
    for (const script of ["console.log('hidden')", "import { writeSync } from 'node:fs'; writeSync(1, 'hidden')"]) {
      const { end } = await run(`${script}; setInterval(() => {}, 1000)`, { onRecord });
      assert.deepEqual([end.outcome, end.reason], ["Failed", "worker-error"]);
      assert.ok(!JSON.stringify(end).includes("hidden"));
    }
  });

  it("stops when it is asked to, and is killed when it does not", async () => {
    const stop = new AbortController();
    const kill = new AbortController();
    const script = "import { signal } from 'runsmith'; signal; console.log('on'); for (;;);";
    const { end } = await run(script, {
      stop: stop.signal,
      kill: kill.signal,
      onRecord: () => {
        stop.abort("Ctrl-C");
        setTimeout(() => kill.abort(), 100);
      },
    });
    assert.equal(end.outcome, "Stopped");
  });

  it("has lost its host when that dies before it is ready, and is told so in one sentence", async () => {
    // Not enough for Node to start with.
    const { end, records } = await run("", { limits: { openFiles: 8 } });
    assert.deepEqual([end.outcome, end.reason, end.exception?.name], ["Failed", "host-lost", "HostStartError"]);
    assert.match(end.exception?.message ?? "", /^The host did not start: it ended with [^\n]*\.$/);
    assert.deepEqual(
      records.map(({ stream, text }) => [stream, text]),
      [["Error", end.exception?.message]],
    );
  });

  it("runs a PowerShell script too", { skip: withoutPwsh }, async () => {
    const { end, text } = await run('param([string] $Name) "hello $Name"; exit 3', {
      kind: "PowerShell",
      parameters: { Name: "world" },
      parameterSchemas: { Name: {} },
    });
    assert.equal(text, "hello world");
    assert.equal(end.exitCode, 3);
  });

  it("has its PowerShell analysed without being run", { skip: withoutPwsh }, async () => {
    await using hosts = await openLocalHosts("PowerShell", { runtimeDirectory: testRuntimeDirectory });
    const script = "param([Parameter(Mandatory)] [string] $Name) throw 'never'";
    const { signature, problems } = await analyseScript(hosts, "test", script);
    assert.deepEqual(signature.required, ["Name"]);
    assert.deepEqual(problems, []);
  });

  it("has its analysis ended at once when nobody waits for it any more", { skip: withoutPwsh }, async () => {
    await using hosts = await openLocalHosts("PowerShell", { runtimeDirectory: testRuntimeDirectory });
    const left = new Error("nobody waits");
    for (const moment of [0, 50]) {
      const leaving = new AbortController();
      const analysis = analyseScript(hosts, "test", "'one'", leaving.signal);
      setTimeout(() => leaving.abort(left), moment);
      await assert.rejects(analysis, left);
    }
  });
});

describe("a granted folder", () => {
  it("that the job's account may not write to is warned of, naming it", skipUnless("root"), async () => {
    const { end, records } = await run("", { grants: [{ type: "path", path: folder, access: "write" }] });
    assert.equal(end.outcome, "Completed");
    assert.equal(records[0]?.stream, "Warning");
    assert.ok(records[0]?.text.includes(folder));
  });

  it("that the job's account cannot reach ends the job, naming it", skipUnless("root"), async () => {
    const closed = mkdtempSync(join(folder, "closed-"));
    const inner = join(closed, "inner");
    mkdirSync(inner);
    const { end } = await run("", { grants: [{ type: "path", path: inner, access: "read" }] });
    assert.equal(end.reason, "worker-error");
    assert.ok(end.exception?.message.includes(`${inner} cannot be reached`));
  });
});

describe("without a sandbox", () => {
  const secret = join(folder, "secret");
  writeFileSync(secret, "secret", { mode: 0o644 });

  it("nothing runs whose account could read what belongs to Runsmith, unless every runbook is trusted", async () => {
    await assert.rejects(run("", { sandbox: "none", protectedPaths: [secret] }), /could read .*secret/);
    const { end } = await run("", { sandbox: "none", protectedPaths: [secret], trustEveryRunbook: true });
    assert.equal(end.outcome, "Completed");
  });

  it("a job says so, and as root still has an account and a clean environment of its own", async () => {
    const { records, text } = await run(
      "console.log(process.getuid(), Object.keys(process.env).sort().join(), process.cwd())",
      {
        sandbox: "none",
      },
    );
    assert.deepEqual([records[0]?.stream, records[0]?.text.includes("not isolated")], ["Warning", true]);
    assert.match(text, /HOME,LANG,PATH,(PWD,)?TMPDIR,TZ/);
    if (isRoot) assert.match(text, /\b64\d{3} HOME/);
  });

  it("what a job started ends with it", skipUnless("root"), async () => {
    const mark = `5${Math.trunc(Math.random() * 1e6)}`;
    const script = `import { spawn } from "node:child_process"; spawn("setsid", ["sleep", "${mark}"], { detached: true, stdio: "ignore" }).unref(); await new Promise((resolve) => setTimeout(resolve, 100)); console.log("over");`;
    const { text } = await run(script, { sandbox: "none" });
    assert.ok(text.endsWith("over"));
    assert.deepEqual(
      processesWhere((processId) => isAlive(processId) && commandOf(processId) === `sleep\0${mark}\0`),
      [],
    );
  });
});

function commandOf(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
