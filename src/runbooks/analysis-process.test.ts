import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { AnalysisProcess } from "./analysis-process.ts";

describe("the analysis process", () => {
  let folder: string;
  let entry: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runsmith-test-"));
    entry = join(folder, "entry.mjs");
    await writeFile(entry, misbehavingProgram);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("a script on which the analysis hangs is a problem of that script, and the next one is analysed", async () => {
    const analyses = new AnalysisProcess({ entry, timeLimit: 700 });
    const [hung, next] = await Promise.all([analyses.analyse("hang", ""), analyses.analyse("next", "")]);
    analyses.close();
    assert.equal(hung?.problems[0]?.code, "analysis-timed-out");
    assert.equal(hung.problems[0]?.severity, "error");
    assert.equal(hung.executable, null);
    assert.equal(next?.synopsis, "next");
  });

  test("a script that takes all memory is a problem of that script", async () => {
    const analyses = new AnalysisProcess({ entry, memoryLimit: 32 * 1024 * 1024 });
    const [grown, next] = await Promise.all([analyses.analyse("grow", ""), analyses.analyse("next", "")]);
    analyses.close();
    assert.equal(grown?.problems[0]?.code, "analysis-crashed");
    assert.equal(next?.synopsis, "next");
  });

  test("it serves many scripts, and is ended when idle", async () => {
    const analyses = new AnalysisProcess({ entry, idleTime: 100 });
    const first = await processOf(analyses);
    const second = await processOf(analyses);
    assert.equal(second, first);
    while (await isRunning(first)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const third = await processOf(analyses);
    analyses.close();
    assert.notEqual(third, first);
  });

  test("a script that comes while the idle process ends, or is killed from outside, is analysed by a new one", async () => {
    const analyses = new AnalysisProcess({ entry, idleTime: 1 });
    const pids = new Set<string>();
    for (let turn = 0; turn < 5; turn++) {
      pids.add(await processOf(analyses));
      // Past the end of the idle time, in the same turn of the event loop as its timer, or just after.
      await new Promise((resolve) => setTimeout(resolve, 1 + (turn % 2)));
    }
    analyses.close();
    assert.ok(pids.size > 1);
    const others = new AnalysisProcess({ entry });
    const first = await processOf(others);
    process.kill(Number(first), "SIGKILL");
    const second = await processOf(others);
    others.close();
    assert.notEqual(second, first);
  });

  test("it may not write, connect or start anything, and sees nothing of the service's environment", async () => {
    process.env["RUNSMITH_TEST_SECRET"] = "a secret";
    const analyses = new AnalysisProcess({ entry });
    const analysis = await analyses.analyse("escape", folder);
    analyses.close();
    delete process.env["RUNSMITH_TEST_SECRET"];
    assert.equal(
      analysis?.synopsis,
      "write: ERR_ACCESS_DENIED, connect: ERR_ACCESS_DENIED, spawn: ERR_ACCESS_DENIED, env: none",
    );
  });

  test("what waits when the service stops has no analysis, and so waits for the next start", async () => {
    const analyses = new AnalysisProcess({ entry });
    const waiting = [analyses.analyse("hang", ""), analyses.analyse("next", "")];
    analyses.close();
    assert.deepEqual(await Promise.all(waiting), [null, null]);
    assert.equal(await analyses.analyse("late", ""), null);
  });
});

async function processOf(analyses: AnalysisProcess): Promise<string> {
  const analysis = await analyses.analyse("pid", "");
  assert.deepEqual(analysis?.problems, []);
  return analysis.synopsis;
}

async function isRunning(pid: string): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Does what its request's name says, in place of an analysis. */
const misbehavingProgram = `
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";

process.on("disconnect", () => process.exit());
process.on("message", async ({ name, source }) => {
  let synopsis = name;
  if (name === "hang") for (;;);
  if (name === "grow") for (const all = []; ; ) all.push(new Array(10_000).fill(all.length));
  if (name === "pid") synopsis = String(process.pid);
  if (name === "escape") {
    const codes = [
      ["write", () => writeFileSync(source + "/x", "")],
      ["connect", () => new Promise((_, reject) => connect(9, "127.0.0.1").on("error", reject))],
      ["spawn", () => spawn("true")],
    ].map(async ([what, act]) => {
      try { await act(); return what + ": allowed"; } catch (error) { return what + ": " + error.code; }
    });
    synopsis = [...(await Promise.all(codes)), "env: " + (process.env.RUNSMITH_TEST_SECRET ?? "none")].join(", ");
  }
  process.send({ analysis: { signature: null, needs: [], problems: [], synopsis, executable: "" } });
});
`;
