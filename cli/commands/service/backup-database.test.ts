import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { runsmith } from "../../testing/runsmith.ts";

test("backup-database says what it made, and refuses to overwrite it", async () => {
  await using folder = await temporaryFolder();
  // Makes the database.
  const made = await runsmith(["reset-admin-token", "--data", folder.path]);
  assert.equal(made.code, 0, made.stderr);
  const file = join(folder.path, "copy.sqlite");
  const args = ["backup-database", file, "--data", folder.path];
  const { code, stdout, stderr } = await runsmith([...args, "--output", "json"]);
  assert.equal(code, 0, stderr);
  const backup = JSON.parse(stdout);
  assert.equal(backup.file, file);
  assert.equal(backup.bytes, statSync(file).size);
  assert.ok(Date.parse(backup.takenAt) > 0);

  const again = await runsmith(args);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /already a file .*\n.*another name/);
});
