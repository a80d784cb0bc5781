import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Installation } from "../support/installation.ts";
import { broken, examineHistory } from "../support/job-invariants.ts";
import { skipUnless } from "../support/requires.ts";
import { counting } from "./counting.ts";

const day = 24 * 60 * 60 * 1000;
const shiftedClock = join(import.meta.dirname, "..", "support", "shifted-clock.ts");

describe("a worker whose clock is wrong by a day", skipUnless("bubblewrap"), () => {
  test("keeps its lease and its time limits, and all times it tells are right", async () => {
    await using installation = await Installation.start({ server: ["--lease", "4s"] });
    const accepted = await Promise.all([runWithShift(installation, day), runWithShift(installation, -day)]);
    await installation.stop();
    assert.deepEqual(broken(examineHistory(installation.dataDirectory, accepted)), {});
  });
});

/** Runs a job on a worker of its own whose clock is wrong, for longer than a lease. */
async function runWithShift(installation: Installation, shift: number): Promise<string> {
  const { client } = installation;
  const group = shift > 0 ? "ahead" : "behind";
  await installation.startWorker({
    group,
    node: ["--import", shiftedClock],
    environment: { RUNSMITH_TEST_CLOCK_SHIFT: String(shift) },
  });
  await client.import(`count-${group}`, "TypeScript", counting, { timeLimit: 60_000, runOn: [`group:${group}`] });
  const startedAt = Date.now();
  const { jobId } = await client.start(`count-${group}`, { lines: 120, pace: 50, shift });
  const job = await client.ended(jobId);
  const { acceptedAt, claimedAt, hostReadyAt, firstRecordAt, endedAt } = job.timings;
  const told = `${group}: ${JSON.stringify([job.status, job.statusReason, job.timings])}`;
  assert.deepEqual([job.status, job.attempt], ["Completed", 1], told);
  const records = await client.records(jobId);
  const times = [acceptedAt, claimedAt, hostReadyAt, firstRecordAt, ...records.map(({ time }) => time), endedAt];
  const milliseconds = times.map((time) => Date.parse(time ?? "none"));
  assert.deepEqual(
    milliseconds,
    milliseconds.toSorted((a, b) => a - b),
    told,
  );
  assert.ok((milliseconds[0] ?? 0) >= startedAt - 1_000 && (milliseconds.at(-1) ?? 0) <= Date.now() + 1_000, told);
  const spread = (milliseconds.at(-2) ?? 0) - (milliseconds[3] ?? 0);
  assert.ok(spread >= 4_000, `the records' times tell when they were made: ${spread} ms; ${told}`);
  return jobId;
}
