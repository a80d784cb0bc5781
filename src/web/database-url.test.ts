import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { takeDatabaseUrl } from "./database-url.ts";
import { maskTokens } from "./token-mask.ts";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "runsmith-test-"));
  await mkdir(join(folder, "credentials"));
  await writeFile(join(folder, "url"), "mssql://u:from-a-file@h/d\n", { mode: 0o600 });
  await writeFile(join(folder, "credentials", "database"), "mssql://u:from-systemd@h/d", { mode: 0o400 });
});
after(() => rm(folder, { recursive: true, force: true }));

test("a file that was named comes before the environment, that before a credential of systemd; else it is the embedded one", async () => {
  const credentials = { CREDENTIALS_DIRECTORY: join(folder, "credentials") };
  const environment = { RUNSMITH_DATABASE: "mssql://u:from-the-environment@h/d", ...credentials };
  const urlOf = async (options: { databaseFile?: string }, env: NodeJS.ProcessEnv) =>
    (await takeDatabaseUrl(options, env)).url;
  assert.equal(await urlOf({ databaseFile: join(folder, "url") }, { ...environment }), "mssql://u:from-a-file@h/d");
  assert.equal(await urlOf({}, { ...environment }), environment.RUNSMITH_DATABASE);
  assert.equal(await urlOf({}, { ...credentials }), "mssql://u:from-systemd@h/d");
  assert.equal(await urlOf({}, { CREDENTIALS_DIRECTORY: folder }), undefined);
  assert.equal(await urlOf({}, { RUNSMITH_DATABASE: "" }), undefined);
  await assert.rejects(urlOf({ databaseFile: join(folder, "none") }, {}), { code: "database-file-unreadable" });
});

test("no child process inherits the URL, and the log never shows its password", async () => {
  const environment: NodeJS.ProcessEnv = { RUNSMITH_DATABASE: "mssql://u:pass%2Fword-9@h/d" };
  const { url } = await takeDatabaseUrl({}, environment);
  assert.deepEqual(environment, {});
  const masked = JSON.stringify(
    maskTokens({ url, error: new Error("login with pass/word-9 at https://a:b1@c failed") }),
  );
  assert.equal(masked.includes("word-9"), false, masked);
  assert.match(masked, /mssql:\/\/u:\*\*\*@h\/d/);
  assert.match(masked, /https:\/\/a:\*\*\*@c failed/);
});

test("a file that every account can read is told of", async () => {
  const file = join(folder, "open");
  await writeFile(file, "mssql://u:password@h/d");
  await chmod(file, 0o644);
  assert.match((await takeDatabaseUrl({ databaseFile: file }, {})).warning ?? "", /chmod 600/);
  await chmod(file, 0o640);
  assert.equal((await takeDatabaseUrl({ databaseFile: file }, {})).warning, undefined);
});
