import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { skipUnless } from "../../../test/support/requires.ts";
import type { Migration } from "../migrations.ts";
import { sqlServerOfTests } from "../testing/temporary-store.ts";
import { batchesOf } from "./batches.ts";
import { migrate } from "./migrate.ts";

function migrations(...texts: string[]): Migration[] {
  return texts.map((sql, index) => ({
    number: index + 1,
    name: `step-${index + 1}`,
    sql,
    checksum: createHash("sha256").update(sql).digest("hex"),
    oldestProgram: index + 1,
    inTransaction: true,
  }));
}

const first = "CREATE TABLE runsmith.one (a int NOT NULL);";
const second = "CREATE TABLE runsmith.two (a int NOT NULL);\nGO\nINSERT INTO runsmith.two (a) VALUES (1);";

async function emptyDatabase() {
  return (await sqlServerOfTests()).makeEmptyTestDatabase();
}

async function tablesOf(pool: Awaited<ReturnType<typeof emptyDatabase>>): Promise<string[]> {
  const text = "SELECT name FROM sys.tables WHERE schema_id = SCHEMA_ID(N'runsmith') ORDER BY name";
  return (await pool.request().query<{ name: string }>(text)).recordset.map(({ name }) => name);
}

test("a line that says GO ends a batch, whatever its case, and nothing else does", () => {
  assert.deepEqual(batchesOf("SELECT 1\nGO\n\n  go  \r\nSELECT N'GO GO' -- GO\nFROM gone\nGO"), [
    "SELECT 1",
    "SELECT N'GO GO' -- GO\nFROM gone",
  ]);
});

test(
  "migrations are applied once, in their order, however many services start at the same time",
  skipUnless("mssql"),
  async () => {
    const pool = await emptyDatabase();
    const all = migrations(first, second);
    assert.deepEqual(await Promise.all([1, 2, 3].map(() => migrate(pool, all))), [2, 2, 2]);
    assert.deepEqual(await tablesOf(pool), ["migrations", "one", "two"]);
    const { recordset } = await pool
      .request()
      .query("SELECT number, name, checksum FROM runsmith.migrations ORDER BY number");
    assert.deepEqual(
      recordset,
      all.map(({ number, name, checksum }) => ({ number, name, checksum })),
    );
    assert.equal((await pool.request().query("SELECT a FROM runsmith.two")).recordset.length, 1);
  },
);

test(
  "a migration that fails leaves nothing of itself, and the former program still starts",
  skipUnless("mssql"),
  async () => {
    const pool = await emptyDatabase();
    await migrate(pool, migrations(first));
    await assert.rejects(
      migrate(pool, migrations(first, `${second}\nGO\nINSERT INTO runsmith.nowhere (a) VALUES (1)`)),
    );
    assert.deepEqual(await tablesOf(pool), ["migrations", "one"]);
    assert.equal(await migrate(pool, migrations(first)), 1);
  },
);

test("a database that a newer program has used, or another one made, is refused", skipUnless("mssql"), async () => {
  const pool = await emptyDatabase();
  await migrate(pool, migrations(first, second));
  await assert.rejects(migrate(pool, migrations(first)), { code: "database-newer-than-program" });
  await assert.rejects(migrate(pool, migrations(second, first)), { code: "migration-changed" });
});

test(
  "a migration outside of a transaction holds nothing of the tables while it runs, and is begun anew where it was interrupted",
  skipUnless("mssql"),
  async () => {
    const pool = await emptyDatabase();
    const outside = `DECLARE @open int = @@TRANCOUNT;
      INSERT INTO runsmith.one (a) VALUES (@open);
      GO
      IF OBJECT_ID(N'runsmith.two', N'U') IS NULL
        CREATE TABLE runsmith.two (a int NOT NULL);`;
    const of = (...texts: string[]) =>
      migrations(...texts).map((migration, index) => ({ ...migration, inTransaction: index === 0 }));
    await assert.rejects(migrate(pool, of(first, `${outside}\nGO\nINSERT INTO runsmith.nowhere (a) VALUES (1)`)));
    assert.equal(await migrate(pool, of(first, outside)), 2);
    const { recordset } = await pool.request().query<{ a: number }>("SELECT a FROM runsmith.one");
    assert.deepEqual(recordset, [{ a: 0 }, { a: 0 }]);
  },
);

test(
  "programs of the release before go on over a migration that only adds, and can be started again",
  skipUnless("mssql"),
  async () => {
    const pool = await emptyDatabase();
    const [one, two] = migrations(first, second);
    assert.ok(one !== undefined && two !== undefined);
    await migrate(pool, [one, { ...two, oldestProgram: 1 }]);
    assert.equal(await migrate(pool, [one]), 2);
    await assert.rejects(migrate(pool, [{ ...one, checksum: two.checksum }]), { code: "migration-changed" });
  },
);

test("a schema runsmith that is not ours is refused and not touched", skipUnless("mssql"), async () => {
  const pool = await emptyDatabase();
  await pool.request().batch("CREATE SCHEMA runsmith");
  await pool.request().batch("CREATE TABLE runsmith.theirs (a int NOT NULL)");
  await assert.rejects(migrate(pool, migrations(first)), { code: "not-our-database" });
  assert.deepEqual(await tablesOf(pool), ["theirs"]);
});
