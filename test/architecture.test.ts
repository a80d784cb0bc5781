import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";

const root = join(import.meta.dirname, "..");

/** What each part may import of the others; a part may always import itself and packages. The design's "Folders". */
const rules: { part: string; pattern: RegExp; mayImport: RegExp; because: string }[] = [
  {
    part: "src/contract",
    pattern: /^src\/contract\//,
    mayImport: /^src\/contract\//,
    because: "the contract imports nothing from below",
  },
  {
    part: "src/language",
    pattern: /^src\/language\//,
    mayImport: /^src\/(language|contract)\//,
    because: "src/language imports the contract only",
  },
  {
    part: "src/store",
    pattern: /^src\/store\//,
    mayImport: /^src\/(store|contract)\//,
    because: "web → features → store → contract",
  },
  {
    part: "the features",
    pattern: /^src\/(sealing|access|runbooks|assets|schedules|jobs|notices|workers|services|modules)\//,
    mayImport: /^src\/(?!web\/|portal\/)/,
    because: "web → features → store → contract: a feature knows neither HTTP nor the portal",
  },
  {
    part: "src/web",
    pattern: /^src\/web\//,
    mayImport: /^src\/(?!portal\/)/,
    because: "the web service imports neither worker nor command line",
  },
  {
    part: "src/portal",
    pattern: /^src\/portal\//,
    mayImport: /^src\/(portal|contract)\//,
    because: "the portal imports the contract only",
  },
  {
    part: "worker",
    pattern: /^worker\//,
    mayImport: /^(worker|src\/contract|src\/language)\//,
    because: "the worker imports src/contract and src/language, and nothing else of src",
  },
  {
    part: "cli",
    pattern: /^cli\//,
    mayImport: /^(cli|worker|src\/contract|src\/language)\//,
    because: "the command line imports the worker, src/contract and src/language, and nothing else",
  },
];

describe("imports point down: web → features → store → contract", () => {
  const imports = sourceFiles().flatMap(importsOf);

  for (const { part, pattern, mayImport, because } of rules) {
    test(`${part}: ${because}`, () => {
      const wrong = imports
        .filter(({ from, to }) => pattern.test(from) && !mayImport.test(to))
        .map(({ from, to, line }) => `${from}:${line} imports ${to}`);
      assert.deepEqual(wrong, []);
    });
  }

  test("no program imports a test, or what only tests need", () => {
    const wrong = imports
      .filter(({ from, to }) => /\.test\.ts$|^test\//.test(to) && !/^(test|bench)\//.test(from))
      .map(({ from, to, line }) => `${from}:${line} imports ${to}`);
    assert.deepEqual(wrong, []);
  });
});

test("messages name commands as everybody can call them: npx runsmith …", () => {
  const bare = /(?<!npx )(?<![\w/-])runsmith (?=[a-z]+-[a-z]+)/;
  const wrong = sourceFiles().flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line, index) =>
        !/^\s*(\*|\/\/|\/\*)/.test(line) && bare.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [],
      ),
  );
  assert.deepEqual(wrong, []);
});

/** Programs, without tests: a test may reach for what it needs. */
function sourceFiles(): string[] {
  return ["src", "worker", "cli"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((path) => join(folder, path))
      .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.includes("/testing/")),
  );
}

/** The relative imports of a file, static, dynamic and re-exported, as paths from the checkout's root. */
function importsOf(from: string): { from: string; to: string; line: number }[] {
  const text = readFileSync(join(root, from), "utf8");
  const pattern = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;
  return [...text.matchAll(pattern)].map((match) => ({
    from,
    to: relative(root, join(root, dirname(from), match[1] ?? "")),
    line: text.slice(0, match.index).split("\n").length,
  }));
}
