import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareHosts } from "./testing/hosted-script.ts";

const { run, start } = await prepareHosts();

test("a host says that it is ready, with its version, and waits", async () => {
  const hosted = start();
  await hosted.until(() => hosted.ready !== undefined);
  assert.deepEqual(hosted.ready, { type: "ready", version: process.versions.node });
  assert.equal(hosted.exit, undefined);
  hosted.run("export default () => 'direct'");
  await hosted.over();
  assert.deepEqual(hosted.exit, { code: 0, signal: null });
});

test("a host that was told that a job waits runs it just the same", async () => {
  const hosted = start({ RUNSMITH_DIRECT: "1" });
  hosted.run("console.log(process.env.RUNSMITH_DIRECT); export default () => 'direct'");
  await hosted.over();
  assert.deepEqual(hosted.texts(), ["undefined", "direct"]);
});

test("a runbook may have the name under which hosts warm up", async () => {
  const hosted = start();
  await hosted.until(() => hosted.ready !== undefined);
  hosted.run("export default () => 'its own text'", { runbook: { name: "warm-up", kind: "TypeScript" } });
  await hosted.over();
  assert.deepEqual(hosted.texts(), ["its own text"]);
});

test("a host whose worker goes away ends", async () => {
  const waiting = start();
  await waiting.until(() => waiting.ready !== undefined);
  waiting.process.stdio[3]?.destroy();
  await waiting.over();
  const running = start();
  running.run("import { sleep } from 'runsmith'; export default () => sleep(60_000);");
  await running.until(() => running.ready !== undefined);
  running.process.stdio[3]?.destroy();
  await running.over();
  assert.equal(running.ended, undefined);
});

test("parameters, job and context reach the script", async () => {
  const hosted = await run(
    `import { job } from "runsmith";
    export default function ({ name, port = 80, when, deep }: { name: string; port?: number; when: Date; deep: { at: Date | null }[] }, context) {
      console.log(name, port, when instanceof Date, deep[0].at instanceof Date, deep[1].at);
      console.log(job.id, job.name, job.attempt, context.job === job, context.signal.aborted);
      console.log(process.argv.join(), Object.keys(process.env).sort().join());
    }`,
    {
      runbook: { name: "Über name: (1)", kind: "TypeScript" },
      attempt: 3,
      parameters: {
        name: "ä€😀\n",
        when: "2026-01-02T03:04:05Z",
        deep: [{ at: "2026-01-02T03:04:05Z" }, { at: null }],
      },
      parameterSchemas: {
        when: { type: "string", format: "date-time", "x-type": "Date" },
        deep: {
          type: "array",
          items: {
            type: "object",
            properties: {
              at: { anyOf: [{ type: "string", format: "date-time", "x-type": "Date" }, { type: "null" }] },
            },
          },
        },
      },
    },
  );
  assert.deepEqual(hosted.texts(), [
    "ä€😀\n 80 true true null",
    "0198c2f0-0000-7000-8000-000000000001 Über name: (1) 3 true false",
    "node,Über name: (1) HOME,PATH",
  ]);
});

test("a large hand-over arrives whole", async () => {
  const hosted = await run("export default ({ text }: { text: string }) => text.length;", {
    parameters: { text: "ü".repeat(3_000_000) },
  });
  assert.equal(hosted.ended?.result, 3_000_000);
});

test("a script without a default export runs to the end of its event loop", async () => {
  const hosted = await run(`
    import { setTimeout as wait } from "node:timers/promises";
    console.log("top"); await wait(1); console.log("awaited"); setTimeout(() => console.log("later"), 5);`);
  assert.deepEqual(hosted.texts(), ["top", "awaited", "later"]);
  assert.equal(hosted.ended?.outcome, "Completed");
});

test("a function may stand below a top-level await", async () => {
  const hosted = await run("const x = await Promise.resolve(41); export default () => x + 1;");
  assert.equal(hosted.ended?.result, 42);
});

test("the job ends with its function, whatever is still open", async () => {
  const hosted = await run(`import net from "node:net";
    export default () => { setInterval(() => {}, 10); net.createServer().listen("/tmp/runsmith-" + process.pid); return "over"; }`);
  assert.equal(hosted.ended?.outcome, "Completed");
  assert.deepEqual(hosted.exit, { code: 0, signal: null });
});

test("process.exit ends the job at once, with its code, and nothing is lost", async () => {
  const good = await run(
    `export default () => { process.stdout.write("half"); process.exit(); console.log("never"); }`,
  );
  assert.deepEqual(good.ended, { type: "ended", outcome: "Completed", exitCode: 0 });
  assert.deepEqual(good.texts(), ["half"]);
  const bad = await run(
    `process.on("exit", (code) => { console.log("exit", code); process.exit(9); });\nprocess.exit(3);`,
  );
  assert.equal(bad.ended?.outcome, "Failed");
  assert.equal(bad.ended?.exitCode, 3);
  assert.match(bad.ended?.exception?.message ?? "", /exit code 3/);
  assert.equal(bad.ended?.exception?.line, 2);
  assert.deepEqual(bad.texts("Output"), ["exit 3"]);
  const set = await run("export default () => { process.exitCode = 4; }");
  assert.deepEqual([set.ended?.outcome, set.ended?.exitCode], ["Failed", 4]);
});

test("process.abort is a failure with its place", async () => {
  const { ended, exit } = await run("export default function () {\n  process.abort();\n}");
  assert.equal(ended?.outcome, "Failed");
  assert.equal(ended?.exception?.line, 2);
  assert.deepEqual(exit, { code: 0, signal: null });
});

test("a runbook that waits for nothing fails with an explanation", async () => {
  for (const script of ["export default () => new Promise(() => {});", "await new Promise(() => {});"]) {
    const { ended, texts } = await run(script);
    assert.equal(ended?.outcome, "Failed");
    assert.match(ended?.exception?.message ?? "", /event loop is empty but the runbook is still waiting/);
    assert.ok(texts !== undefined);
  }
});

test("a stop aborts the signal with its reason, and the script may clean up", async () => {
  const hosted = start();
  hosted.run(`import { signal, sleep } from "runsmith";
    export default async () => {
      console.log("begun");
      try { await sleep(60_000); } finally { console.log("cleaned", signal.aborted, signal.reason.message, signal.reason.name); }
    }`);
  await hosted.until(() => hosted.records.length === 1);
  hosted.stop("stopped by Ann");
  await hosted.over();
  assert.deepEqual(hosted.texts(), ["begun", "cleaned true stopped by Ann AbortError"]);
  assert.deepEqual(hosted.ended, { type: "ended", outcome: "Stopped" });
});

test("a stop that is told together with the hand-over is not lost", async () => {
  const hosted = start();
  hosted.run(`import { sleep } from "runsmith"; export default () => sleep(60_000);`);
  hosted.stop();
  await hosted.over();
  assert.equal(hosted.ended?.outcome, "Stopped");
});

test("a script that ends by itself after a stop is stopped, with what it threw", async () => {
  const hosted = start();
  hosted.run(`export default ({}, { signal }) => new Promise((_, reject) => {
    console.log("begun");
    signal.addEventListener("abort", () => reject(new RangeError("too late")));
    setInterval(() => {}, 1000);
  });`);
  await hosted.until(() => hosted.records.length === 1);
  hosted.stop();
  await hosted.over();
  assert.equal(hosted.ended?.outcome, "Stopped");
  assert.equal(hosted.ended?.exception?.name, "RangeError");
});

test("a script that cannot notice a stop is ended at once", async () => {
  const hosted = start();
  hosted.run(
    `export default () => new Promise((resolve) => { console.log("begun"); setTimeout(resolve, 60_000); process.on("exit", () => console.log("bye")); });`,
  );
  await hosted.until(() => hosted.records.length === 1);
  hosted.stop();
  await hosted.over();
  assert.deepEqual(hosted.ended, { type: "ended", outcome: "Stopped" });
  assert.deepEqual(hosted.texts(), ["begun", "bye"]);
});

test("a script that closes its channel loses its host", async () => {
  const hosted = await run(
    `import fs from "node:fs"; export default async () => { fs.closeSync(4); console.log("lost"); }`,
  );
  assert.equal(hosted.ended, undefined);
  assert.deepEqual(hosted.exit, { code: 70, signal: null });
});

test("a runbook imports its API and Node's modules, and nothing else", async () => {
  const api = await run(`import * as runsmith from "runsmith"; import { join } from "node:path"; import os from "os";
    export default () => [Object.keys(runsmith).sort(), join("a", "b"), typeof os.cpus, import.meta.url];`);
  assert.deepEqual(api.ended?.result, [
    [
      "AssetError",
      "RunbookError",
      "StepTimeout",
      "WaitTimeout",
      "approval",
      "certificate",
      "connection",
      "credential",
      "job",
      "parallel",
      "progress",
      "runbook",
      "setVariable",
      "signal",
      "sleep",
      "sleepUntil",
      "startRunbook",
      "step",
      "suspend",
      "variable",
      "verbose",
      "waitForEvent",
    ],
    "a/b",
    "function",
    "runbook:/sample.ts",
  ]);
  for (const specifier of ["esbuild", "/etc/hostname", "./other.ts", "file:///etc/hostname"]) {
    const { ended } = await run(`export default async () => { await import(${JSON.stringify(specifier)}); }`);
    assert.match(ended?.exception?.message ?? "", /Cannot import/, specifier);
  }
});

test("steps and sleeps do what they say", async () => {
  const hosted = await run(
    `import { sleep, step } from "runsmith";
    export default async () => {
      const start = performance.now();
      await sleep(20);
      if (performance.now() - start < 18) throw new Error("woke early");
      const value = await step("add", async () => 1 + 1);
      await step("break", () => { throw new Error("broken"); }).catch((error) => console.log(error.message));
      return value;
    }`,
    { logs: { verbose: true, debug: false, progress: false } },
  );
  assert.equal(hosted.ended?.result, 2);
  assert.deepEqual(
    hosted.texts("Verbose").map((text) => text.replace(/\d+ ms/, "N ms")),
    ['Step "add" begins.', 'Step "add" ended after N ms.', 'Step "break" begins.', 'Step "break" failed after N ms.'],
  );
  assert.deepEqual(hosted.texts("Output"), ["broken", "2"]);
});
