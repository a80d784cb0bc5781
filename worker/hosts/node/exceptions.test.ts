import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareHosts } from "./testing/hosted-script.ts";

const { run } = await prepareHosts();

test("an exception is told in the runbook's own lines only", async () => {
  const hosted = await run(`import { readFileSync } from "node:fs";

function read(path: string) {
  return readFileSync(path, "utf8");
}

export default async function () {
  await null;
  read("/nowhere");
}`);
  const { exception, outcome } = hosted.ended ?? {};
  assert.equal(outcome, "Failed");
  assert.equal(exception?.name, "Error");
  assert.equal(exception?.message, "ENOENT: no such file or directory, open '/nowhere'");
  assert.deepEqual([exception?.line, exception?.column], [4, 10]);
  assert.equal(
    exception?.stack,
    "Error: ENOENT: no such file or directory, open '/nowhere'\n    at read (sample.ts:4:10)\n    at default (sample.ts:9:3)",
  );
  assert.deepEqual(hosted.texts("Error"), [exception?.stack]);
});

test("causes are told one by one, and each error of an aggregate", async () => {
  const { ended } = await run(`class DiskFull extends Error {}
export default () => {
  throw new DiskFull("no room", { cause: new TypeError("inner", { cause: "just text" }) });
};`);
  assert.equal(ended?.exception?.name, "DiskFull");
  assert.equal(ended?.exception?.stack?.split("\n")[0], "DiskFull: no room");
  assert.equal(ended?.exception?.cause?.name, "TypeError");
  assert.equal(ended?.exception?.cause?.line, 3);
  assert.deepEqual(ended?.exception?.cause?.cause, { name: "string", message: "just text" });
  const many = await run(
    `export default () => Promise.any([Promise.reject(new Error("a")), Promise.reject(new RangeError("b"))]);`,
  );
  assert.equal(many.ended?.exception?.name, "AggregateError");
  assert.match(many.ended?.exception?.message ?? "", /\(a; b\)/);
  assert.match(many.ended?.exception?.stack ?? "", /RangeError: b/);
});

test("whatever is thrown is told", async () => {
  const samples: [string, string, string][] = [
    ["'disk full'", "string", "disk full"],
    ["undefined", "undefined", "undefined"],
    ["null", "object", "null"],
    ["{ code: 5 }", "Object", "{ code: 5 }"],
    ["5n", "bigint", "5n"],
    ["new Proxy(new Error('x'), { get() { throw 1; } })", "Error", "Something was thrown that cannot be read."],
    ["Object.assign(new Error('own stack'), { stack: undefined })", "Error", "own stack"],
  ];
  for (const [thrown, name, message] of samples) {
    const { ended } = await run(`export default () => { throw ${thrown}; }`);
    assert.equal(ended?.outcome, "Failed", thrown);
    assert.equal(ended?.exception?.name, name, thrown);
    assert.equal(ended?.exception?.message, message, thrown);
  }
});

test("an uncaught exception and an unhandled rejection end the job", async () => {
  const uncaught = await run(`export default () => new Promise(() => {
  setTimeout(() => { throw new RangeError("in a timer"); }, 1);
});`);
  assert.equal(uncaught.ended?.exception?.name, "RangeError");
  assert.equal(uncaught.ended?.exception?.line, 2);
  const unhandled = await run(`export default async () => {
  void Promise.reject("nobody looks");
  await new Promise((resolve) => setTimeout(resolve, 1000));
};`);
  assert.equal(unhandled.ended?.exception?.message, "nobody looks");
  const atTop = await run(`\nthrow new Error("at the top");`);
  assert.equal(atTop.ended?.exception?.line, 2);
});

test("a script that handles its uncaught exceptions goes on", async () => {
  const hosted = await run(`process.on("uncaughtException", (error) => console.log("handled", error.message));
process.on("unhandledRejection", (error) => console.log("handled", error));
export default async () => {
  setTimeout(() => { throw new Error("one"); }, 1);
  void Promise.reject("two");
  await new Promise((resolve) => setTimeout(resolve, 20));
};`);
  assert.deepEqual(hosted.texts("Output").sort(), ["handled one", "handled two"]);
  assert.equal(hosted.ended?.outcome, "Completed");
});

test("what keeps a module from being loaded is told", async () => {
  const { ended } = await run("", { script: "const a = 1;\nconst b = ;" });
  assert.equal(ended?.exception?.name, "SyntaxError");
  const missing = await run(`import { nothing } from "runsmith";\nnothing();`);
  assert.match(missing.ended?.exception?.message ?? "", /does not provide an export named 'nothing'/);
  const wrong = await run("export default 5;");
  assert.match(wrong.ended?.exception?.message ?? "", /default export/);
});

test("a logged error shows the runbook's own lines only", async () => {
  const { records } = await run(`export default () => {
  try { JSON.parse("{"); } catch (error) { console.error(error); console.log("failed:", error); }
};`);
  for (const { text } of records) {
    assert.match(text, /at default \(sample\.ts:2:14\)/);
    assert.doesNotMatch(text, /node:|host\.mjs|runbook:/);
  }
  assert.partialDeepStrictEqual(records[0]?.value, { name: "SyntaxError" });
});

test("endless recursion and a stack overflow are failures like any other", async () => {
  const { ended } = await run("function f(): number { return f() + 1; }\nexport default () => f();");
  assert.equal(ended?.outcome, "Failed");
  assert.equal(ended?.exception?.name, "RangeError");
});
