import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import test, { after } from "node:test";
import { skipUnless } from "../../../test/support/requires.ts";
import { openStore } from "../open-store.ts";
import type { Store } from "../store.ts";
import { acceptJob, addRunbook } from "../testing/accept-jobs.ts";
import { temporaryDirectory } from "../testing/temporary-store.ts";
import { moveInstallation } from "./move-installation.ts";
import type { DatabaseLocation } from "./open-tables.ts";

let testDatabases: typeof import("../testing/test-database.ts") | undefined;
after(() => testDatabases?.dropTestDatabases());

/** One that no test had before: whoever gives one back leaves its installation in it. */
async function sqlServer(): Promise<{ databaseUrl: string }> {
  testDatabases ??= await import("../testing/test-database.ts");
  const { url } = await testDatabases.takeTestDatabase();
  return { databaseUrl: url };
}

/** A data folder with an installation in it: jobs, text in many scripts, empty and large values. */
async function installation(
  folder: string,
  jobs = 40,
): Promise<{ dataDirectory: string; jobIds: string[]; id: string }> {
  const dataDirectory = join(folder, "from");
  const store = await openStore({ dataDirectory });
  const runbook = await addRunbook(store, "Prüfung-Δ-检查-🙂");
  await addRunbook(store, "other");
  await store.write.createPrincipal({ kind: "user", name: "Zoë O'Neil", roles: ["administrator"] });
  await store
    .once({ principalId: "0192f6a0-0000-7000-8000-000000000001", key: "Key-Ä", requestHash: new Uint8Array(32) })
    .createPrincipal({ kind: "user", name: "once", roles: [] });
  const jobIds = await Promise.all(Array.from({ length: jobs }, () => acceptJob(store, runbook)));
  const id = store.installationId;
  await store.close();
  const database = new DatabaseSync(join(dataDirectory, "runsmith.sqlite"));
  const write = database.prepare(
    "INSERT INTO stream_records (job_id, attempt, number, stream, time, text, value, flags) SELECT job_id, 1, ?, 0, 1700000000123, ?, ?, 0 FROM jobs",
  );
  for (const [index, text] of ["", "x".repeat(40_000), "tab\t, quote ', line\n", "🙂".repeat(500)].entries()) {
    write.run(index + 1, text, index % 2 === 0 ? null : JSON.stringify({ text }));
  }
  database.close();
  return { dataDirectory, jobIds, id };
}

async function opened(location: DatabaseLocation, dataDirectory: string): Promise<Store> {
  return openStore("databaseUrl" in location ? { ...location, dataDirectory } : location);
}

/** What is true of every pair of databases. */
async function movesBetween(t: TestContext, target: DatabaseLocation, back: DatabaseLocation): Promise<void> {
  const folder = temporaryDirectory(t);
  const { jobIds, id, ...source } = await installation(folder);
  const shares: number[] = [];
  const there = await moveInstallation({ from: source, to: target, progress: (_, __, share) => shares.push(share) });
  assert.equal(there.installationId, id);
  assert.equal(there.tables.find(({ table }) => table === "jobs")?.rows, jobIds.length);
  assert.equal(there.tables.find(({ table }) => table === "stream_records")?.rows, 4 * jobIds.length);
  assert.ok(there.tables.every(({ checksum }) => /^[0-9a-f]{64}$/.test(checksum)));
  assert.equal(shares.at(-1), 1);
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  );

  const home = await moveInstallation({ from: target, to: back });
  assert.deepEqual(home, there);

  const store = await opened(target, join(folder, "use"));
  assert.equal(store.installationId, id);
  assert.deepEqual(
    (await store.read.jobsById({ jobIds })).map(({ jobId }) => jobId),
    jobIds,
  );
  const { records } = await store.read.records({ jobId: jobIds[0] ?? "", limit: 10, bytes: 1_000_000 });
  assert.deepEqual(
    records.map(({ text }) => text.length),
    [0, 40_000, 20, 1000],
  );
  const draft = (await store.read.runbook({ runbook: "OTHER" }))?.draft;
  assert.equal(await store.read.runbook({ runbook: "none" }), null);
  assert.ok(draft);
  await store.close();
}

test("an installation moves to another data folder, row for row, and back", async (t) => {
  const folder = temporaryDirectory(t);
  await movesBetween(t, { dataDirectory: join(folder, "to") }, { dataDirectory: join(folder, "back") });
});

test("an installation moves to SQL Server, row for row, and back", skipUnless("mssql"), async (t) => {
  await movesBetween(t, await sqlServer(), { dataDirectory: join(temporaryDirectory(t), "back") });
});

async function resumes(t: TestContext, target: DatabaseLocation): Promise<void> {
  const folder = temporaryDirectory(t);
  const { jobIds, id, ...source } = await installation(folder, 80);
  // In the first tables, in the middle, and in the comparison.
  for (const calls of [3, 12, 35]) {
    const interrupted = new AbortController();
    let called = 0;
    const move = moveInstallation({
      from: source,
      to: target,
      signal: interrupted.signal,
      progress() {
        called += 1;
        if (called === calls) interrupted.abort(new Error("interrupted"));
      },
    });
    await assert.rejects(move, /interrupted/);
    await assert.rejects(opened(target, join(folder, "use")), { code: "move-unfinished" });
  }
  const moved = await moveInstallation({ from: source, to: target });
  assert.equal(moved.tables.find(({ table }) => table === "jobs")?.rows, jobIds.length);
  const store = await opened(target, join(folder, "use"));
  assert.equal(store.installationId, id);
  await store.close();
  await assert.rejects(moveInstallation({ from: source, to: target }), { code: "move-target-used" });
}

test("an interrupted move goes on where it was, and no service opens what is not whole", (t) =>
  resumes(t, { dataDirectory: join(temporaryDirectory(t), "to") }));

test("an interrupted move to SQL Server goes on where it was", skipUnless("mssql"), async (t) =>
  resumes(t, await sqlServer()),
);

test("a database that is used, that holds another installation, or that is the same one is refused", async (t) => {
  const folder = temporaryDirectory(t);
  const { dataDirectory } = await installation(folder, 1);
  const other = { dataDirectory: join(folder, "other") };
  const store = await openStore(other);
  await assert.rejects(moveInstallation({ from: { dataDirectory }, to: other }), { code: "data-directory-in-use" });
  await store.close();
  await assert.rejects(moveInstallation({ from: { dataDirectory }, to: other }), { code: "move-target-used" });
  const empty = { dataDirectory: join(folder, "empty") };
  await assert.rejects(moveInstallation({ from: empty, to: { dataDirectory: join(folder, "to") } }), {
    code: "move-nothing",
  });
});
