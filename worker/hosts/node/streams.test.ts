import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareHosts } from "./testing/hosted-script.ts";

const { run, start } = await prepareHosts();
const allLogs = { verbose: true, debug: true, progress: true };

const allStreams = `
import { progress, verbose } from "runsmith";
export default function () {
  console.log("output %d", 1);
  console.info("information");
  console.warn("warning");
  console.error("error");
  console.debug("debug");
  verbose("verbose", { a: 1 });
  progress({ activity: "Copying", status: "b.txt", percent: 45.7 });
}`;

test("each console method writes to its stream, in order", async () => {
  const { records, ended } = await run(allStreams, { logs: allLogs });
  assert.deepEqual(
    records.map(({ stream, text }) => [stream, text]),
    [
      ["Output", "output 1"],
      ["Information", "information"],
      ["Warning", "warning"],
      ["Error", "error"],
      ["Debug", "debug"],
      ["Verbose", "verbose { a: 1 }"],
      ["Progress", "Copying: b.txt (45 %)"],
    ],
  );
  assert.deepEqual(records.at(-1)?.value, {
    activity: "Copying",
    status: "b.txt",
    percent: 45.7,
    activityId: 0,
    completed: false,
  });
  assert.ok(records.every(({ time }) => Math.abs(time - Date.now()) < 60_000));
  assert.deepEqual(ended, { type: "ended", outcome: "Completed" });
});

test("the quiet streams are recorded only when the job's log switches say so", async () => {
  const { records } = await run(allStreams);
  assert.deepEqual(
    records.map(({ stream }) => stream),
    ["Output", "Information", "Warning", "Error"],
  );
});

test("progress comes in a rhythm that a reader can follow, and the last of it always", async () => {
  const { records } = await run(
    `import { progress } from "runsmith";
    export default () => {
      for (let i = 0; i <= 5000; i++) progress({ activity: "Counting", percent: i / 50 });
      for (let i = 0; i <= 5000; i++) progress({ activity: "Other", activityId: 1, percent: i / 50 });
      progress({ activity: "Counting", completed: true });
    }`,
    { logs: allLogs },
  );
  assert.ok(records.length < 100, `${records.length}`);
  assert.deepEqual(
    records.slice(-3).map(({ text }) => text),
    ["Counting (100 %)", "Counting (completed)", "Other (100 %)"],
  );
});

test("a returned value is the job's result and its last Output record", async () => {
  const deep = await run(
    "export default async () => { console.log(1); return { hosts: [{ name: 'a', disks: [{ free: 1 }] }] }; }",
  );
  const value = { hosts: [{ name: "a", disks: [{ free: 1 }] }] };
  assert.deepEqual(deep.ended, { type: "ended", outcome: "Completed", result: value });
  assert.deepEqual(deep.records.at(-1)?.value, value);
  assert.equal(deep.records.at(-1)?.stream, "Output");
  const text = await run("export default () => 'done'");
  assert.deepEqual(text.texts(), ["done"]);
  assert.equal(text.ended?.result, "done");
  assert.equal((await run("export default () => null")).ended?.result, null);
});

test("an object that is logged alone carries its structure, cut at the depth", async () => {
  const { records } = await run(
    `export default () => { console.log({ a: { b: { c: { d: 1 } } } }); console.log("x", { a: 1 }); }`,
  );
  assert.deepEqual(records[0]?.value, { a: { b: { c: "[Object]" } } });
  assert.equal(records[0]?.cut, true);
  assert.equal(records[0]?.text, "{ a: { b: { c: [Object] } } }");
  assert.equal(records[1]?.value, undefined);
});

test("writes to standard output and standard error are lines in order with the console's", async () => {
  const { records, raw } = await run(`export default () => {
    process.stdout.write("one\\ntw");
    process.stdout.write(Buffer.from("o\\r\\n€".slice(0, 3)));
    process.stdout.write(Buffer.from([0xe2, 0x82]));
    process.stdout.write(Buffer.from([0xac, 0x0a]));
    process.stderr.write("bad\\n");
    process.stdout.write("begun ");
    console.log("ended");
    process.stdout.write("last");
  }`);
  assert.deepEqual(
    records.map(({ stream, text, continued }) => [stream, text, continued]),
    [
      ["Output", "one", undefined],
      ["Output", "two", undefined],
      ["Output", "€", undefined],
      ["Error", "bad", undefined],
      ["Output", "begun ", true],
      ["Output", "ended", undefined],
      ["Output", "last", undefined],
    ],
  );
  assert.equal(raw, "");
});

test("a line that is not ended appears while the script goes on", async () => {
  const hosted = start();
  hosted.run(
    `import { sleep } from "runsmith"; export default async () => { process.stdout.write("Name: "); await sleep(60_000); }`,
  );
  await hosted.until(() => hosted.records.length > 0);
  assert.deepEqual(hosted.texts("Output"), ["Name: "]);
  assert.equal(hosted.ended, undefined);
  hosted.stop();
  await hosted.over();
});

test("a record is on its way before the next statement runs", async () => {
  const hosted = start();
  hosted.run(
    `export default () => { console.log("first"); for (let i = 0; i < 500; i++) console.log(i); const end = Date.now() + 60_000; while (Date.now() < end); }`,
  );
  await hosted.until(() => hosted.records.length === 501);
  assert.equal(hosted.texts().at(-1), "499");
  hosted.process.kill("SIGKILL");
  await hosted.over();
});

test("5 MiB of output arrive without loss, and a reader that is slow holds the script back", async () => {
  const hosted = start();
  const output = hosted.process.stdio[4];
  assert.ok(output !== undefined && output !== null && "pause" in output);
  hosted.run(
    `export default () => { for (let i = 0; i < 50_000; i++) console.log(String(i).padStart(5, "0").repeat(20)); console.error("written"); }`,
  );
  await hosted.until(() => hosted.records.length > 0);
  output.pause();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(!hosted.records.some(({ stream }) => stream === "Error"));
  output.resume();
  await hosted.over();
  assert.equal(hosted.records.length, 50_001);
  assert.ok(hosted.texts("Output").every((text, index) => text === String(index).padStart(5, "0").repeat(20)));
  assert.equal(hosted.ended?.outcome, "Completed");
});

test("a text too long for one record goes on in the next, whole", async () => {
  const { records } = await run(`export default () => { console.log("x" + "😀".repeat(200_000)); }`);
  assert.ok(records.length > 1);
  assert.deepEqual(
    records.map(({ continued }) => continued === true),
    [...records.slice(1).map(() => true), false],
  );
  assert.equal(records.map(({ text }) => text).join(""), `x${"😀".repeat(200_000)}`);
  assert.ok(records.every(({ text }) => text.isWellFormed()));
});

test("groups indent, tables and counters come through", async () => {
  const hosted = await run(`export default () => {
    console.group("outer"); console.log("a\\nb"); console.group(); console.warn("deep"); console.groupEnd(); console.groupEnd();
    console.log("flat"); console.count(); console.assert(1 === 2, "no"); console.dir({ x: 1 }); console.table([{ n: 1 }]);
  }`);
  assert.deepEqual(hosted.texts().slice(0, 7), [
    "outer",
    "  a\n  b",
    "    deep",
    "flat",
    "default: 1",
    "Assertion failed: no",
    "{ x: 1 }",
  ]);
  assert.match(hosted.texts()[7] ?? "", /\(index\)/);
});

test("warnings of Node itself are warnings of the job", async () => {
  const hosted = await run(
    `export default async () => { process.emitWarning("old"); await new Promise((r) => setTimeout(r, 5)); }`,
  );
  assert.deepEqual(hosted.texts("Warning"), ["Warning: old"]);
  assert.equal(hosted.raw, "");
});

test("output of worker threads and of child processes is not lost", async () => {
  const hosted =
    await run(`import { Worker } from "node:worker_threads"; import { execFileSync } from "node:child_process"; import { once } from "node:events";
    export default async () => {
      const worker = new Worker("console.log('from a thread')", { eval: true });
      await once(worker, "exit");
      execFileSync("/bin/sh", ["-c", "echo from a child; echo forged >&3; echo forged >&4"], { stdio: ["ignore", "inherit", "ignore"] });
    }`);
  assert.deepEqual(hosted.texts("Output"), ["from a thread"]);
  // The channel to the worker is not handed on to children.
  assert.equal(hosted.raw, "from a child\n");
  assert.equal(hosted.ended?.outcome, "Failed");
});
