import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { temporaryDirectory } from "../testing/temporary-store.ts";
import { finishCheckpoint, logStateReader, tryCheckpoint } from "./checkpoint.ts";

test("a checkpoint that cannot be done loses nothing, and is done later", (t) => {
  const database = new DatabaseSync(join(temporaryDirectory(t), "x.db"));
  t.after(() => database.close());
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  const logState = logStateReader(database);
  // SQLite refuses one inside a transaction that has written, with an error as a full disk does.
  database.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
  assert.throws(() => finishCheckpoint(database));
  assert.equal(tryCheckpoint(database, finishCheckpoint), false);
  database.exec("COMMIT");
  assert.equal(tryCheckpoint(database, finishCheckpoint), true);
  const state = logState();
  assert.equal(state?.pages, state?.checkpointed);
  assert.deepEqual({ ...database.prepare("SELECT COUNT(*) AS n FROM t").get() }, { n: 2 });
});
