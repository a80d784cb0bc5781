import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ParameterSchema, Signature } from "../../src/contract/signature.ts";
import { emptySignature } from "../../src/contract/signature.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { parametersOfPairs, readParameters } from "./read-parameters.ts";

function signatureOf(properties: Record<string, ParameterSchema>, required: string[] = []): Signature {
  return { ...emptySignature, properties, required };
}

test("a value is JSON where it parses as JSON, and text where it does not", () => {
  const signature = signatureOf({
    count: { type: "integer" },
    hosts: { type: "array" },
    on: { type: "boolean" },
    name: { type: "string" },
  });
  assert.deepEqual(parametersOfPairs(signature, ["count=3", 'hosts=["a","b"]', "on=true", "name=web one"]), {
    count: 3,
    hosts: ["a", "b"],
    on: true,
    name: "web one",
  });
});

test("a value for a text parameter stays text, whatever it looks like", () => {
  const signature = signatureOf({
    code: { type: "string" },
    choice: { enum: ["1", "2"] },
    maybe: { type: ["string", "null"] },
    nested: { $ref: "#/$defs/word" },
    union: { anyOf: [{ type: "string" }, { const: "x" }] },
  });
  const withDefinitions = { ...signature, $defs: { word: { type: "string" } } };
  assert.deepEqual(
    parametersOfPairs(withDefinitions, ["code=007", "choice=1", "maybe=12", "nested=true", "union=[1]"]),
    { code: "007", choice: "1", maybe: "12", nested: "true", union: "[1]" },
  );
});

test("a quoted JSON text loses its quotes also for a text parameter", () => {
  assert.deepEqual(parametersOfPairs(signatureOf({ code: { type: "string" } }), ['code="007"']), { code: "007" });
});

test("a value for a parameter that takes text and numbers is JSON", () => {
  const signature = signatureOf({ either: { type: ["string", "number"] }, any: {} });
  assert.deepEqual(parametersOfPairs(signature, ["either=7", "any=7"]), { either: 7, any: 7 });
});

test("an unknown parameter is passed on, so that the service can name it with all else that is wrong", () => {
  assert.deepEqual(parametersOfPairs(signatureOf({}), ["surplus=1"]), { surplus: 1 });
});

test("names are found whatever their case, and an exact name wins", () => {
  const signature = signatureOf({ WarningPercent: { type: "integer" }, a: {}, A: {} });
  assert.deepEqual(parametersOfPairs(signature, ["warningpercent=70", "A=1"]), { WarningPercent: 70, A: 1 });
});

test("a name alone switches a switch on, and is refused for other parameters", () => {
  const signature = signatureOf({ Force: { type: "boolean" }, name: { type: "string" } });
  assert.deepEqual(parametersOfPairs(signature, ["force"]), { Force: true });
  assert.throws(() => parametersOfPairs(signature, ["name"]), UserError);
});

test("a value may hold equals signs and line ends, and may be empty", () => {
  assert.deepEqual(parametersOfPairs(null, ["a=b=c\nd", "empty="]), { a: "b=c\nd", empty: "" });
});

test("a parameter given twice is refused", () => {
  assert.throws(() => parametersOfPairs(null, ["a=1", "a=2"]), /twice/);
});

test("what begins like a list or an object in JSON and is none is told, where text would not fit", () => {
  const structured = signatureOf({
    names: { type: "array", items: { type: "string" } },
    options: { type: "object" },
    note: { type: "string" },
  });
  const read = (pair: string) => parametersOfPairs(structured, [pair]);
  assert.throws(() => read('names=["Ada"'), {
    code: "parameter-not-json",
    message: /begins like a list in JSON, but is none/,
  });
  assert.throws(() => read("options={a:1}"), { code: "parameter-not-json", remedy: /-p 'options=\{"a":1\}'/ });
  assert.deepEqual(read("note=[sic]"), { note: "[sic]" });
  assert.deepEqual(read("names=Ada"), { names: "Ada" });
  assert.deepEqual(parametersOfPairs(null, ["names=[Ada"]), { names: "[Ada" });
});

test("a parameters file may be JSON or YAML, and -p overrides it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runsmith-parameters-"));
  try {
    await writeFile(join(folder, "p.yaml"), "hosts:\n  - a\n  - b\ncode: '007'\n");
    await writeFile(join(folder, "p.json"), '{"code": "008"}');
    assert.deepEqual(await readParameters(null, [], join(folder, "p.yaml")), { hosts: ["a", "b"], code: "007" });
    assert.deepEqual(await readParameters(null, ["code=x"], join(folder, "p.json")), { code: "x" });
    await writeFile(join(folder, "list"), "[1]");
    await assert.rejects(readParameters(null, [], join(folder, "list")), UserError);
    await assert.rejects(readParameters(null, [], join(folder, "missing")), UserError);
  } finally {
    await rm(folder, { recursive: true });
  }
});
