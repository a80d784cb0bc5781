import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import test from "node:test";
import type { SentStatement } from "../../src/store/mssql/statement-listener.ts";
import { skipUnless } from "../support/requires.ts";

/*
 * Microsoft's own grammar of SQL Server 2016 (ScriptDom, in a package of NuGet) says whether our T-SQL is T-SQL, which no stand-in
 * for SQL Server can. `npm test` runs this file last: then the tests of the store have recorded every statement that they sent.
 */

const root = join(import.meta.dirname, "..", "..");
const artifacts = join(root, "node_modules", ".cache", "tsql-grammar");

interface SqlText {
  name: string;
  text: string;
}

test("the files of sql/mssql are T-SQL of SQL Server 2016", skipUnless("dotnet"), (t) => {
  const folder = join(root, "sql", "mssql");
  const files = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  assert.ok(files.length > 0);
  check(t, files);
});

test("rows that others have locked are passed by as SQL Server allows it where READ_COMMITTED_SNAPSHOT is on", () => {
  const folder = join(root, "sql", "mssql");
  const procedures = new Map<string, string>();
  for (const file of readdirSync(folder).toSorted()) {
    for (const batch of readFileSync(join(folder, file), "utf8").split(/^GO$/m)) {
      const [, name] = /^(?:CREATE|ALTER) PROCEDURE (\S+)/m.exec(batch) ?? [];
      if (name !== undefined) procedures.set(name, batch);
    }
  }
  const hints = [...procedures.values()].flatMap((text) => text.match(/WITH \([^)]*READPAST[^)]*\)/g) ?? []);
  assert.ok(hints.length > 0);
  assert.deepEqual(
    hints.filter((hint) => !hint.includes("READCOMMITTEDLOCK")),
    [],
  );
});

const recordings = process.env.RUNSMITH_TEST_STATEMENTS ?? "";
const recorded = existsSync(recordings) ? readdirSync(recordings) : [];
const unrecorded =
  recorded.length > 0
    ? {}
    : { skip: "no tests of the store have run on SQL Server before it (npm test with RUNSMITH_TEST_MSSQL)" };

test("every statement that the tests of the store sent is T-SQL of SQL Server 2016", {
  ...skipUnless("dotnet"),
  ...unrecorded,
}, (t) => {
  const statements = recorded.flatMap(
    (file) => JSON.parse(readFileSync(join(recordings, file), "utf8")) as SentStatement[],
  );
  const texts = new Set(statements.map(textOf));
  assert.ok(texts.size > 0);
  check(
    t,
    [...texts].map((text) => ({ name: text, text })),
  );
});

function textOf({ text, procedure, parameters }: SentStatement): string {
  return procedure ? `EXECUTE ${text} ${parameters.map((name) => `@${name} = @${name}`).join(", ")}` : text;
}

function check(t: TestContext, texts: SqlText[]): void {
  const program = build(t);
  if (program === null) return;
  const parsed = spawnSync("dotnet", [program], { input: JSON.stringify(texts), encoding: "utf8", maxBuffer: 2 ** 26 });
  assert.equal(parsed.status, 0, parsed.stderr);
  assert.deepEqual(JSON.parse(parsed.stdout), []);
}

/** Builds the parser; null, and the test is skipped, where its package cannot be had. */
function build(t: TestContext): string | null {
  const project = join(import.meta.dirname, "tsql-grammar.csproj");
  const built = spawnSync("dotnet", ["build", project, "--artifacts-path", artifacts, "-v", "quiet", "-nologo"], {
    encoding: "utf8",
    // A build server would go on after the test.
    env: {
      ...process.env,
      MSBUILDDISABLENODEREUSE: "1",
      UseSharedCompilation: "false",
      DOTNET_CLI_TELEMETRY_OPTOUT: "1",
    },
  });
  if (/error NU1301|error NU1101/.test(built.stdout)) {
    t.skip("NuGet does not give the package Microsoft.SqlServer.DacFx here");
    return null;
  }
  assert.equal(built.status, 0, built.stdout);
  return join(artifacts, "bin", "tsql-grammar", "debug", "tsql-grammar.dll");
}
