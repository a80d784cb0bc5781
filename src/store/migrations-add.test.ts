import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readMigrations } from "./migrations.ts";

const migrations = (["sqlite", "mssql"] as const).flatMap((dialect) =>
  readMigrations(join(import.meta.dirname, "..", "..", "sql", dialect)).map((migration) => ({ ...migration, dialect })),
);

/** What a program of the release before might still need, or could not write to any more. */
const forbidden: readonly [RegExp, string][] = [
  [/\bDROP\s+(?!PROCEDURE\b)\w+/i, "takes something away"],
  [/\bALTER\s+COLUMN\b/i, "changes a column"],
  [/\bsp_rename\b|\bRENAME\s+(TO|COLUMN)\b/i, "renames something"],
  [/\bTRUNCATE\b|\bDELETE\s+FROM\b/i, "deletes rows"],
  [
    /\bADD\s+(?:COLUMN\s+)?\w+\s+[\w()]+(?:\s+COLLATE\s+\w+)?\s+NOT\s+NULL(?![^,;]*\bDEFAULT\b)/i,
    "adds a column that must be given",
  ],
];

const procedure = /^\s*(?:CREATE|ALTER) PROCEDURE (\S+)([\s\S]*?)\nAS\n/;

/** Batches without comments, as they are sent. */
function batches(sql: string): string[] {
  return sql.replaceAll(/--.*$/gm, "").split(/^GO$/m);
}

/** What a migration does; what its procedures do when they are called is not among it. */
function problems(sql: string): string[] {
  const statements = batches(sql)
    .filter((batch) => !procedure.test(batch))
    .join("\n");
  return forbidden.filter(([pattern]) => pattern.test(statements)).map(([, problem]) => problem);
}

test("a migration over which programs of the release before go on only adds", () => {
  const found = migrations
    .filter(({ number, oldestProgram }) => oldestProgram < number)
    .flatMap(({ dialect, name, sql }) => problems(sql).map((problem) => `${dialect} ${name} ${problem}`));
  assert.deepEqual(found, []);
});

test("a procedure that is changed is called as before: further parameters have a default", () => {
  const known = new Map<string, string[]>();
  for (const batch of migrations.flatMap(({ sql }) => batches(sql))) {
    const [, name = "", declared = ""] = procedure.exec(batch) ?? [];
    const parameters = declared.split(",").map((parameter) => parameter.trim());
    const before = known.get(name);
    if (before !== undefined) {
      assert.deepEqual(parameters.slice(0, before.length), before, name);
      assert.ok(
        parameters.slice(before.length).every((parameter) => parameter.includes(" = ")),
        name,
      );
    }
    if (name !== "") {
      known.set(name, parameters);
    }
  }
  assert.ok(known.size > 0);
});

test("what takes away, renames or asks for more than before is told from what adds", () => {
  const adding = `ALTER TABLE runsmith.jobs ADD note nvarchar(100) NULL;
    ALTER TABLE runsmith.workers ADD floor int NOT NULL CONSTRAINT df_workers_floor DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE runsmith.notes (id binary(16) NOT NULL); -- DROP TABLE nothing
    CREATE INDEX notes_by_id ON runsmith.notes (id);`;
  assert.deepEqual(problems(adding), []);
  const breaking = [
    "DROP TABLE runsmith.jobs",
    "ALTER TABLE runsmith.jobs DROP COLUMN note",
    "ALTER TABLE runsmith.jobs ALTER COLUMN note nvarchar(10) NULL",
    "EXECUTE sp_rename N'runsmith.jobs.note', N'remark'",
    "ALTER TABLE jobs RENAME COLUMN note TO remark",
    "DELETE FROM runsmith.jobs",
    "ALTER TABLE runsmith.jobs ADD note nvarchar(100) NOT NULL",
  ];
  assert.deepEqual(
    breaking.filter((sql) => problems(sql).length === 0),
    [],
  );
});
