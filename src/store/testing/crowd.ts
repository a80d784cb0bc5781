import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import { checkInvariants } from "./job-invariants.ts";
import type { JobsDatabase } from "./jobs-database.ts";

/* For tests only. */

const actors = 6;
const turns = 30;

/** Services over one database do everything with jobs at once; fails where an attempt is given out twice, or rows disagree at the end. */
export async function crowd(services: readonly JobsDatabase[]): Promise<void> {
  const [first] = services;
  assert.ok(first !== undefined);
  const runbooks = [
    await first.addRunbook({ attempts: 3 }),
    await first.addRunbook({ concurrencyLimit: 1, attempts: 2 }),
    await first.addRunbook({ concurrencyLimit: 2, concurrencyPolicy: "replace" }),
    await first.addRunbook({ concurrencyLimit: 1, concurrencyPolicy: "refuse" }),
  ];
  const workers = [await first.addWorker({ lease: 6_000 }), await first.addWorker({ lease: 6_000 })];
  const attempts: { jobId: string; attempt: number; workerId: string; number: number }[] = [];
  const jobs: string[] = [];
  const claimedOnce = new Set<string>();

  const actions: ((db: JobsDatabase, any: <T>(list: T[]) => T | undefined) => Promise<unknown>)[] = [
    async (db, any) => {
      const accepted = await db.accept(any(runbooks) ?? assert.fail());
      if (accepted.outcome === "accepted") jobs.push(accepted.job.jobId);
    },
    async (db, any) => {
      for (const job of await db.claim(any(workers) ?? assert.fail(), 2)) {
        const key = `${job.jobId} ${job.attempt}`;
        assert.ok(!claimedOnce.has(key), "no attempt is given out twice");
        claimedOnce.add(key);
        attempts.push({ ...job, number: 0 });
      }
    },
    async (db, any) => {
      const attempt = any(attempts);
      if (attempt !== undefined) {
        // Two may send the same numbers at the same time, as after a reconnect to another service.
        const sent = attempt.number;
        const answer = await db.append(attempt, [sent + 1, sent + 2]);
        if (answer.outcome === "stored") attempt.number = Math.max(attempt.number, answer.number);
      }
    },
    async (db, any) => {
      const attempt = any(attempts);
      if (attempt !== undefined) await db.end(attempt, any([{}, { outcome: "Failed", reason: "host-lost" }]));
    },
    async (db, any) => {
      const jobId = any(jobs);
      if (jobId !== undefined) await db.operations.stopJob({ jobId, requestedBy: "ann", force: false });
    },
    async (db, any) => {
      const attempt = any(attempts);
      if (attempt !== undefined) await db.operations.putBackJob({ ...attempt, reason: "declined" });
    },
    async (db, any) => {
      const worker = any(workers) ?? assert.fail();
      if (any([true, false, false]) === true) worker.instanceId = newId();
      await db.hello(
        worker,
        attempts.filter(() => any([true, false]) === true),
      );
    },
    async (db, any) => {
      for (const service of services) service.time += any([500, 3_000]) ?? 0;
      await db.operations.expireLeases();
    },
  ];

  await Promise.all(
    Array.from({ length: actors }, async (_, actor) => {
      let state = 7 * actor + 1;
      const any = <T>(list: T[]): T | undefined => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return list[Math.floor((state / 2 ** 32) * list.length)];
      };
      for (let turn = 0; turn < turns; turn += 1) {
        // Acceptances and claims are most of what happens.
        const action = any([...actions, ...actions.slice(0, 2)]);
        await action?.(services[actor % services.length] ?? first, any);
      }
    }),
  );
  await checkInvariants(first, "when all have done");
}
