import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { runsmith } from "../../testing/runsmith.ts";

test("migrate-database moves an installation to where a file says, and lists what it compared", async () => {
  await using folder = await temporaryFolder();
  const from = join(folder.path, "from");
  await writeFile(join(folder.path, "to.url"), `sqlite:${join(folder.path, "to")}\n`);
  await mkdir(from);
  const made = await runsmith(["reset-admin-token", "--data", from]);
  assert.equal(made.code, 0, made.stderr);
  const args = ["migrate-database", "--from-file", from, "--to-file", join(folder.path, "to.url")];
  const { code, stdout, stderr } = await runsmith([...args, "--output", "json"]);
  assert.equal(code, 0, stderr);
  const tables = JSON.parse(stdout) as { table: string; rows: number; checksum: string }[];
  assert.equal(tables.find(({ table }) => table === "installation")?.rows, 1);
  assert.match(stderr, /is whole in its new database/);

  const again = await runsmith(args);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /holds an installation already/);
  await writeFile(join(folder.path, "to.url"), "https://example.net\n");
  const wrong = await runsmith(args);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /does not say where a database is/);
});
