import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import { skipUnless } from "../../../test/support/requires.ts";
import { sqlServerOfTests } from "../testing/temporary-store.ts";
import { poolSession } from "./pool-session.ts";
import { Repeating } from "./repeating.ts";
import { ConnectionLost, SqlError, toSqlError } from "./sql-errors.ts";

// The driver's own pool.
const { Pool } = createRequire(import.meta.resolve("mssql"))("tarn") as typeof import("tarn");

test("the victim of a deadlock starts again, and both are done in the end", skipUnless("mssql"), async () => {
  const pool = await (await sqlServerOfTests()).makeEmptyTestDatabase();
  await pool.request().batch("CREATE TABLE dbo.counters (name nvarchar(10) NOT NULL PRIMARY KEY, total int NOT NULL)");
  await pool.request().batch("INSERT INTO dbo.counters (name, total) VALUES (N'a', 0), (N'b', 0)");
  const session = poolSession(pool, { commits: 0, commitTime: 0 });
  const repeating = new Repeating(() => {});
  const bothHaveOne = Promise.withResolvers<void>();
  let holders = 0;
  const addInOrder = (names: string[]) =>
    repeating.until(() =>
      session.transaction(async (transaction) => {
        for (const name of names) {
          await transaction.run("UPDATE dbo.counters SET total = total + 1 WHERE name = @name", { name });
          holders += 1;
          if (holders >= 2) bothHaveOne.resolve();
          await bothHaveOne.promise;
        }
      }),
    );
  await Promise.all([addInOrder(["a", "b"]), addInOrder(["b", "a"])]);
  assert.equal(repeating.repeated >= 1, true);
  assert.deepEqual(await session.all("SELECT name, total FROM dbo.counters ORDER BY name"), [
    { name: "a", total: 2 },
    { name: "b", total: 2 },
  ]);
});

test("what goes away by itself is tried again, anything else is told at once", async () => {
  const repeating = new Repeating(() => {});
  const failing = (...errors: Error[]) => {
    let calls = 0;
    return {
      calls: () => calls,
      work: async () => {
        const error = errors[calls];
        calls += 1;
        if (error !== undefined) throw error;
        return "done";
      },
    };
  };
  const passing = failing(
    new SqlError(1205, "deadlock"),
    new ConnectionLost("unknown", "cut"),
    new SqlError(40613, "away"),
  );
  assert.equal(await repeating.until(passing.work), "done");
  assert.equal(passing.calls(), 4);
  const lasting = failing(new SqlError(547, "a reference"));
  await assert.rejects(repeating.until(lasting.work), { name: "SqlError", number: 547 });
  assert.equal(lasting.calls(), 1);
  await assert.rejects(repeating.until(failing(new SqlError(9002, "log full")).work), {
    code: "storage-full",
    status: 507,
  });
});

test("whoever waits too long for a connection is told that the database is busy, or why there is none", async () => {
  const waitFor = async (pool: InstanceType<typeof Pool<unknown>>) => {
    const waiting = pool.acquire().promise;
    try {
      await waiting;
    } catch (error) {
      // As the driver does it.
      (error as Error).message = `Failed to acquire a connection from the pool: ${(error as Error).message}`;
      throw toSqlError(error, false);
    }
  };
  const settings = { min: 0, max: 1, acquireTimeoutMillis: 30, destroy: () => {} };
  const busy = new Pool({ ...settings, create: async () => ({}) });
  const held = await busy.acquire().promise;
  await assert.rejects(
    new Repeating(() => {}).until(() => waitFor(busy)),
    { code: "database-busy", status: 503 },
  );
  busy.release(held);
  const away = new Pool({
    ...settings,
    propagateCreateError: false,
    create: () => Promise.reject(new Error("connection refused")),
  });
  await assert.rejects(waitFor(away), { name: "ConnectionLost", done: "no", message: /connection refused/ });
  await Promise.all([busy.destroy(), away.destroy()]);
});

test("what nobody knows to have happened is said to be unknown, what has not is said to be possible later", async () => {
  const until = (error: Error) => new Repeating(() => {}).until(() => Promise.reject(error));
  const unavailable = { name: "UserError", code: "database-unavailable", status: 503 };
  await Promise.all([
    assert.rejects(until(new ConnectionLost("unknown", "cut")), { ...unavailable, message: /before it said whether/ }),
    assert.rejects(until(new ConnectionLost("no", "refused")), { ...unavailable, message: /does not answer/ }),
    assert.rejects(until(new SqlError(1205, "deadlock")), { name: "UserError", code: "database-busy", status: 503 }),
  ]);
});
