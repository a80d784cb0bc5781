import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import test from "node:test";
import { bytesToId } from "./id-bytes.ts";
import { openStore } from "./open-store.ts";
import type { Store } from "./store.ts";
import { acceptJob, addRunbook } from "./testing/accept-jobs.ts";
import { commitEnds } from "./testing/log-frames.ts";
import { temporaryDirectory } from "./testing/temporary-store.ts";

/*
 * What a power cut leaves: a log that ends anywhere, and a checkpoint that was half-way. A commit is acknowledged when its part of
 * the log is on the disk, so what is torn lies behind it.
 */

const databaseName = "runsmith.sqlite";
const logName = "runsmith.sqlite-wal";

test("SIGKILL in the middle of commits, and a log torn behind the last acknowledged one, lose no accepted job", async (t) => {
  const folder = temporaryDirectory(t);
  const dataDirectory = join(folder, "data");
  const acknowledged = await acceptUntilKilled(dataDirectory, 400);
  assert.ok(acknowledged.length >= 400);

  const files = readFiles(dataDirectory);
  // What a further commit would have begun to write.
  const end = lastCommit(files.log);
  const begun = Buffer.concat([files.log.subarray(0, end), files.log.subarray(end - 6_000, end - 1_000)]);
  for (const log of [files.log, begun, files.log.subarray(0, end)]) {
    const reopened = await openedWith(t, folder, { ...files, log });
    assert.deepEqual(await missingJobs(reopened, acknowledged), []);
    await acceptJob(reopened, await addRunbook(reopened, "further"));
    await reopened.close();
  }
});

test("a log cut or garbled anywhere opens clean, with every commit before that place and nothing of the one it is in", async (t) => {
  const folder = temporaryDirectory(t);
  const dataDirectory = join(folder, "data");
  const store = await openStore({ dataDirectory });
  t.after(() => store.close());
  const runbook = await addRunbook(store, "one");
  const accepted: { jobId: string; end: number }[] = [];
  for (let count = 0; count < 60; count += 1) {
    const jobId = await acceptJob(store, runbook);
    accepted.push({ jobId, end: lastCommit(readFileSync(join(dataDirectory, logName))) });
  }
  // As they lie on the disk now, not as an orderly end would leave them.
  const files = readFiles(dataDirectory);
  await store.close();

  const first = accepted[0]?.end ?? 0;
  const last = accepted.at(-1)?.end ?? 0;
  const boundaries = accepted
    .filter((_, index) => index % 10 === 0)
    .flatMap(({ end }) => [end - 1, end, end + 1, end + 24]);
  const anywhere = Array.from({ length: 60 }, (_, index) => first + Math.floor(((last - first) * (index + 0.37)) / 60));
  const places = [...boundaries, ...anywhere].filter((place) => place < last);
  for (const place of places) {
    const cut = files.log.subarray(0, place);
    const garbled = Buffer.from(files.log);
    // Each byte is another one: a fixed pattern might be what stands there.
    for (const [index, byte] of garbled.subarray(place, place + 512).entries()) garbled[place + index] = byte ^ 0xff;
    for (const [kind, log] of [
      ["cut", cut],
      ["garbled", garbled],
    ] as const) {
      const expected = accepted.filter(({ end }) => end <= place).map(({ jobId }) => jobId);
      assert.deepEqual(jobsAfterRecovery(folder, { ...files, log }), expected, `${kind} at ${place}`);
    }
  }
  const reopened = await openedWith(t, folder, { ...files, log: files.log.subarray(0, last - 1) });
  assert.deepEqual(
    await missingJobs(
      reopened,
      accepted.map(({ jobId }) => jobId),
    ),
    [accepted.at(-1)?.jobId],
  );
  await reopened.close();
});

test("a checkpoint that a power cut tore, page by page and in the middle of pages, loses no accepted job", async (t) => {
  const folder = temporaryDirectory(t);
  const dataDirectory = join(folder, "data");
  const acknowledged = await acceptUntilKilled(dataDirectory, 200);
  const files = readFiles(dataDirectory);
  const after = checkpointed(folder, files);
  for (const every of [2, 3, 5]) {
    const database = Buffer.alloc(after.length);
    files.database.copy(database);
    // Disks write sectors of 512 bytes, in any order.
    for (let sector = 0; sector * 512 < after.length; sector += 1) {
      if ((sector * 7 + every) % every === 0) after.copy(database, sector * 512, sector * 512, sector * 512 + 512);
    }
    const reopened = await openedWith(t, folder, { ...files, database });
    assert.deepEqual(await missingJobs(reopened, acknowledged), []);
    await reopened.close();
  }
});

interface Files {
  database: Buffer;
  log: Buffer;
}

function lastCommit(log: Buffer): number {
  return commitEnds(log).at(-1) ?? 0;
}

function readFiles(dataDirectory: string): Files {
  return {
    database: readFileSync(join(dataDirectory, databaseName)),
    log: readFileSync(join(dataDirectory, logName)),
  };
}

function writeFiles(folder: string, { database, log }: Files): string {
  const directory = join(folder, "torn");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  writeFileSync(join(directory, databaseName), database);
  writeFileSync(join(directory, logName), log);
  return directory;
}

async function openedWith(t: TestContext, folder: string, files: Files): Promise<Store> {
  const store = await openStore({ dataDirectory: writeFiles(folder, files) });
  t.after(() => store.close());
  return store;
}

/** The jobs that SQLite finds, after it has judged the whole file sound. */
function jobsAfterRecovery(folder: string, files: Files): string[] {
  const database = new DatabaseSync(join(writeFiles(folder, files), databaseName));
  try {
    assert.deepEqual({ ...database.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
    const rows = database.prepare("SELECT j.job_id FROM jobs j JOIN job_queue USING (job_id) ORDER BY j.job_id").all();
    return rows.map((row) => bytesToId(row["job_id"] as Uint8Array));
  } finally {
    database.close();
  }
}

/** The database file as a whole checkpoint would have left it. */
function checkpointed(folder: string, files: Files): Buffer {
  const file = join(writeFiles(folder, files), databaseName);
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  assert.ok(!existsSync(`${file}-wal`));
  return readFileSync(file);
}

async function missingJobs(store: Store, jobIds: string[]): Promise<string[]> {
  const found = new Set((await store.read.jobsById({ jobIds })).map(({ jobId }) => jobId));
  return jobIds.filter((jobId) => !found.has(jobId));
}

/** Starts a process that accepts jobs, eight at a time, and kills it after so many; gives those that it was told are accepted. */
async function acceptUntilKilled(dataDirectory: string, count: number): Promise<string[]> {
  const program = `import { acceptForEver } from ${JSON.stringify(import.meta.resolve("./testing/accept-jobs.ts"))};
    await acceptForEver(${JSON.stringify(dataDirectory)});`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line);
    if (acknowledged.length === count) child.kill("SIGKILL");
  }
  return acknowledged;
}
