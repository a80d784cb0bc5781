import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryDirectory } from "../testing/temporary-store.ts";
import { dataFile } from "./data-directory.ts";
import { IdleUpkeep } from "./idle-upkeep.ts";
import { openWritingConnection } from "./open-connection.ts";

test("an idle writer gives the space of purged rows back to the file system", async (t) => {
  const database = openWritingConnection(dataFile(temporaryDirectory(t), "database"));
  const upkeep = new IdleUpkeep(database);
  t.after(() => {
    upkeep.stop();
    database.close();
  });
  const pages = () => Number(Object.values(database.prepare("PRAGMA page_count").get() ?? {})[0]);
  database.exec(
    `CREATE TABLE rows (text BLOB);
     INSERT INTO rows SELECT zeroblob(40000) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 700) SELECT i FROM n)`,
  );
  const full = pages();
  database.exec("DELETE FROM rows");
  assert.equal(pages(), full);
  for (let waited = 0; pages() > full * 0.7 && waited < 10_000; waited += 50) {
    await sleep(50);
  }
  assert.ok(pages() <= full * 0.7, `${pages()} of ${full} pages are left`);
});
