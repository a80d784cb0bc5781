import assert from "node:assert/strict";
import { test } from "node:test";
import { analyseTypeScript } from "./analyse-typescript.ts";

const main = "export default function () {}";

/** `^` marks the place of the problem; it is taken out before the analysis. */
const errors: { code: string; source: string; mend: RegExp }[] = [
  { code: "syntax", source: `${main}\nconst x = ^;`, mend: /Expression expected/ },
  { code: "syntax", source: `${main}\nif (true) {\n^`, mend: /'}' expected/ },
  { code: "enum-not-erasable", source: `enum ^Mode { A = "a", B = "b" }\n${main}`, mend: /type Mode = "a" \| "b";/ },
  { code: "enum-not-erasable", source: `const enum ^Mode { A, B }\n${main}`, mend: /type Mode = "A" \| "B";/ },
  {
    code: "namespace-not-erasable",
    source: `namespace ^N { export const a = 1; }\n${main}`,
    mend: /members out of it/,
  },
  {
    code: "parameter-property-not-erasable",
    source: `class A {\n  constructor(^private name: string) {}\n}\n${main}`,
    mend: /"this\.name = name;"/,
  },
  {
    code: "import-equals-not-erasable",
    source: `^import fs = require("node:fs");\n${main}`,
    mend: /import fs from "node:fs";/,
  },
  { code: "export-equals-not-erasable", source: "function run() {}\n^export = run;", mend: /export default/ },
  {
    code: "type-assertion-not-erasable",
    source: `const a = ^<string>JSON.parse("1");\n${main}`,
    mend: /"JSON\.parse\("1"\) as string"/,
  },
  {
    code: "decorator-not-supported",
    source: `function d(..._: unknown[]) {}\n^@d class A {}\n${main}`,
    mend: /Call the function/,
  },
  {
    code: "type-imported-without-type",
    source: `import { ^Secret } from "runsmith";\nexport default function (p: { s: Secret }) {}`,
    mend: /import \{ type Secret \}/,
  },
  {
    code: "type-imported-without-type",
    source: `import { readFile, ^PathLike } from "node:fs";\nlet p: PathLike;\nreadFile("", () => {});`,
    mend: /type PathLike/,
  },
  {
    code: "type-exported-without-type",
    source: `import type { Secret } from "runsmith";\nexport { ^Secret };\n${main}`,
    mend: /export type/,
  },
  { code: "unknown-export", source: `import { ^progres } from "runsmith";\n${main}`, mend: /progress/ },
  { code: "unknown-import", source: `import _ from ^"lodash";\n${main}`, mend: /package "lodash"/ },
  { code: "unknown-import", source: `import _ from ^"node:nothing";\n${main}`, mend: /no built-in module/ },
  { code: "unprefixed-import", source: `import fs from ^"fs";\n${main}`, mend: /"node:fs"/ },
  { code: "relative-import", source: `import { a } from ^"./other.ts";\n${main}`, mend: /one file/ },
  {
    code: "unknown-import",
    source: `export default async function () { await import(^"left-pad"); }`,
    mend: /left-pad/,
  },
  { code: "commonjs", source: `const fs = ^require("node:fs");\n${main}`, mend: /import/ },
  { code: "commonjs", source: `^module.exports = () => 1;`, mend: /export default/ },
  { code: "nothing-to-run", source: `^export async function restart() {}`, mend: /"restart"/ },
  { code: "nothing-to-run", source: `^`, mend: /export default/ },
  { code: "default-export-not-a-function", source: `^export default { a: 1 };`, mend: /export default async function/ },
  { code: "default-export-not-a-function", source: `^export default class Run {}`, mend: /function/ },
  {
    code: "default-export-is-a-generator",
    source: "^export default async function* () { yield 1; }",
    mend: /console\.log/,
  },
  {
    code: "parameters-not-an-object",
    source: `export default function (^name: string) {}`,
    mend: /\{ name \}: \{ name: string \}/,
  },
  {
    code: "parameters-not-an-object",
    source: `export default function (^names: string[]) {}`,
    mend: /\{ names \}: \{ names: string\[\] \}/,
  },
  { code: "parameters-union", source: `export default function (^p: { a: 1 } | { b: 2 }) {}`, mend: /optional/ },
  {
    code: "parameters-without-names",
    source: `export default function (^p: Record<string, string>) {}`,
    mend: /values/,
  },
  {
    code: "too-many-parameters",
    source: `export default function (p: {}, c: object, ^d: string) {}`,
    mend: /into the object/,
  },
  { code: "inexpressible-type", source: `export default function (p: { ^f: () => void }) {}`, mend: /function/ },
  { code: "inexpressible-type", source: `export default function (p: { ^m: Map<string, string> }) {}`, mend: /Record/ },
  { code: "inexpressible-type", source: `export default function (p: { ^b: bigint }) {}`, mend: /BigInt/ },
  {
    code: "inexpressible-type",
    source: `class A { x = 1; f() {} }\nexport default function (p: { ^a: A }) {}`,
    mend: /data/,
  },
  { code: "inexpressible-type", source: `export default function (p: { list: { ^re: RegExp }[] }) {}`, mend: /string/ },
  { code: "invalid-needs", source: `/**\n * @needs ^telepathy\n */\n${main}`, mend: /network/ },
  { code: "nul-character", source: `${main}\n// ^\0`, mend: /NUL/ },
];

test("what cannot run is a problem at its line and column, with how to mend it", async (context) => {
  for (const { code, source, mend } of errors) {
    await context.test(`${code}: ${source.split("\n").find((line) => line.includes("^"))}`, () => {
      const before = source.slice(0, source.indexOf("^")).split("\n");
      const { problems, executable } = analyseTypeScript("faulty", source.replace("^", ""));
      const found = problems.filter((problem) => problem.severity === "error");
      assert.deepEqual(
        found.map(({ code, line, column }) => ({ code, line, column })),
        [{ code, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }],
        JSON.stringify(problems),
      );
      assert.match(found[0]?.message ?? "", mend);
      assert.equal(executable, null);
    });
  }
});

test("errors of types warn and do not keep a script from running", () => {
  const { problems, executable } = analyseTypeScript(
    "typed",
    `import { readFileSync } from "node:fs";\nexport default function () {\n  const n: number = readFileSync("/etc/hosts", "utf8");\n  return nothing + n;\n}`,
  );
  assert.deepEqual(
    problems.map(({ line, column, severity, code }) => [line, column, severity, code]),
    [
      [3, 9, "warning", "typescript-2322"],
      [4, 10, "warning", "typescript-2304"],
    ],
  );
  assert.notEqual(executable, null);
});

test("what any value would satisfy, and what is left out, warns", () => {
  const { problems, signature, executable } = analyseTypeScript(
    "loose",
    "export default function ({ a, c = 1 }: { a: any; b?: () => void; c?: number; d: unknown }) {}",
  );
  assert.deepEqual(
    problems.map(({ severity, code }) => [severity, code]),
    [
      ["warning", "any-type"],
      ["warning", "parameter-left-out"],
      ["warning", "any-type"],
    ],
  );
  assert.deepEqual(Object.keys(signature.properties), ["a", "c", "d"]);
  assert.notEqual(executable, null);
  const untyped = analyseTypeScript(
    "untyped",
    "export default function ({ host, port = 80 }) { return [host, port]; }",
  );
  assert.deepEqual(
    untyped.problems.map(({ code }) => code),
    ["any-type"],
  );
  assert.equal(untyped.signature.properties["port"]?.["type"], "number");
});

test("the executable keeps every line and column, and the line ends", () => {
  const source =
    '\uFEFFimport type { Secret } from "runsmith";\r\n\r\nexport default function ({ a }: { a: Secret }): string {\r\n  return a as string;\r\n}\r\n';
  const { executable, problems } = analyseTypeScript("positions", source);
  assert.deepEqual(problems, []);
  assert.equal(executable?.length, source.length - 1);
  assert.equal(executable?.indexOf("return a"), source.indexOf("return a") - 1);
  assert.equal(executable?.match(/\r\n/g)?.length, 5);
});

test("a script learns nothing of files it names", () => {
  const { problems } = analyseTypeScript(
    "nosy",
    `/// <reference path="/etc/passwd" />\n/// <reference types="/etc/shadow" />\nimport type { x } from "/etc/hostname";\n${main}`,
  );
  assert.ok(!JSON.stringify(problems).includes("root:"));
  assert.ok(
    problems.every(({ message }) => /cannot find|could not resolve/i.test(message)),
    JSON.stringify(problems),
  );
});

test("declarations that vanish with the types are no problem", () => {
  const { problems } = analyseTypeScript(
    "erasable",
    `declare enum A { B }\ndeclare namespace N { const a: number; }\nnamespace Types { export type T = string; }\nexport default function ({ a }: { a?: Types.T }) { return a satisfies string | undefined; }`,
  );
  assert.deepEqual(problems, []);
});

test("needs and synopsis are found at the top of the script, too", () => {
  const { needs, synopsis } = analyseTypeScript(
    "top",
    `#!/usr/bin/env runsmith\n// Copyright\n/**\n * Watches a process.\n *\n * @needs processes path:/run:rw\n */\nimport { sleep } from "runsmith";\n\n/** @needs network */\nasync function main() { await sleep(1); }\nexport default main;`,
  );
  assert.deepEqual(needs, ["processes", "path:/run:rw", "network"]);
  assert.equal(synopsis, "Watches a process.");
});

test("one script does not colour the next", () => {
  assert.equal(
    analyseTypeScript("a", "interface Array<T> { own: T }\nexport default function (p: { list: string[] }) {}").problems
      .length,
    0,
  );
  const { problems, signature } = analyseTypeScript("b", "export default function (p: { list: string[] }) {}");
  assert.deepEqual(problems, []);
  assert.deepEqual(signature.properties["list"]?.["type"], "array");
});

test("a script that is nested without end is a problem, not the end of the analysis", () => {
  for (const source of [
    `export default () => ${"(".repeat(20_000)}1${")".repeat(20_000)}`,
    `export default (p: { a: ${"{ a: ".repeat(3_000)}string${"}".repeat(3_000)}}) => p`,
  ]) {
    const { problems, executable } = analyseTypeScript("deep", source);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["too-deeply-nested"],
    );
    assert.equal(executable, null);
  }
  assert.deepEqual(analyseTypeScript("next", main).problems, []);
});
