import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Migration } from "./migrations.ts";
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

/** Of SQL Server, tables that hold what has been: whatever goes through all their rows takes minutes where the history is long. */
const history = "(?:jobs|job_\\w+|stream_records|audit_entries)";

/** The last migration from before the rules for tables of the history. */
const lastWithoutRules = 25;

const indexOfHistory = new RegExp(`\\bCREATE\\s+(?:UNIQUE\\s+)?INDEX\\s+\\w+\\s+ON\\s+runsmith\\.${history}\\b`, "i");
const filledColumn = new RegExp(`\\bALTER\\s+TABLE\\s+runsmith\\.${history}\\s+ADD\\b[^;]*\\bNOT\\s+NULL\\b`, "i");
const indexIfMissing =
  /^IF NOT EXISTS \(SELECT 1 FROM sys\.indexes WHERE [^;]+ INDEX [^;]+ WITH \(ONLINE = ON\)';\s+ELSE\s+CREATE [^;]+;$/;

/** By what a migration would keep the services that still run from a table of the history, for as long as it takes. */
function standstills(migration: Pick<Migration, "sql" | "inTransaction">): string[] {
  const statements = batches(migration.sql)
    .map((batch) => batch.trim())
    .filter((batch) => batch !== "" && !procedure.test(batch));
  const found: string[] = [];
  if (migration.inTransaction && statements.some((batch) => indexOfHistory.test(batch))) {
    found.push("builds an index within a transaction");
  }
  if (!migration.inTransaction && !statements.every((batch) => indexIfMissing.test(batch))) {
    found.push("does something else outside of a transaction than to build an index online if it is missing");
  }
  if (statements.some((batch) => filledColumn.test(batch))) {
    found.push("adds a column that is filled in every row");
  }
  return found;
}

test("a migration does not keep services of the release before from the tables of a long history", () => {
  const found = migrations
    .filter(({ dialect, number }) => dialect === "mssql" && number > lastWithoutRules)
    .flatMap((migration) => standstills(migration).map((problem) => `${migration.name} ${problem}`));
  assert.deepEqual(found, []);
});

test("what keeps services from a long history is told from what does not", () => {
  const index = "CREATE INDEX jobs_by_note ON runsmith.jobs (note)";
  const online = `IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE object_id = OBJECT_ID(N'runsmith.jobs') AND name = N'jobs_by_note')
      IF CAST(SERVERPROPERTY(N'EngineEdition') AS int) IN (3, 5, 8)
        EXECUTE sp_executesql N'${index} WITH (ONLINE = ON)';
      ELSE
        ${index};`;
  const quick = "ALTER TABLE runsmith.jobs ADD note nvarchar(100) NULL; CREATE INDEX a ON runsmith.jobsons (note);";
  assert.deepEqual(standstills({ sql: online, inTransaction: false }), []);
  assert.deepEqual(standstills({ sql: quick, inTransaction: true }), []);
  const held: [string, boolean][] = [
    [index, true],
    [online, true],
    [`${index};`, false],
    [`${online}\nGO\n${quick}`, false],
    ["ALTER TABLE runsmith.jobs ADD floor int NOT NULL CONSTRAINT df_jobs_floor DEFAULT 0;", true],
  ];
  assert.deepEqual(
    held.filter(([sql, inTransaction]) => standstills({ sql, inTransaction }).length === 0),
    [],
  );
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
