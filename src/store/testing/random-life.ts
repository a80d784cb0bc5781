import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import type { JobsDatabase } from "./jobs-database.ts";

/* For tests only. */

/** Operations in a random but repeatable order, with every kind of loss; `look` is called after each. */
export async function randomLife(
  db: JobsDatabase,
  { seed, steps, look }: { seed: number; steps: number; look?: (step: number) => Promise<void> },
): Promise<void> {
  let state = seed;
  const random = (below: number) => {
    // Numerical Recipes' linear congruential generator; the upper bits are the good ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const runbooks = [
    await db.addRunbook(),
    await db.addRunbook({ attempts: 3, retries: 1, kind: "PowerShell" }),
    await db.addRunbook({ concurrencyLimit: 1, attempts: 2 }),
    await db.addRunbook({ concurrencyLimit: 2, concurrencyPolicy: "replace" }),
    await db.addRunbook({ concurrencyLimit: 1, concurrencyPolicy: "refuse", startDeadline: 20_000 }),
  ];
  const workers = [
    await db.addWorker(),
    await db.addWorker({ hostKinds: ["node", "pwsh"] }),
    await db.addWorker({ hostKinds: ["pwsh"] }),
  ];
  const attempts: { jobId: string; attempt: number; workerId: string; number: number }[] = [];
  const jobs: string[] = [];
  const any = <T>(list: T[]): T | undefined => list[random(list.length)];
  const actions: (() => Promise<unknown>)[] = [
    async () => {
      const accepted = await db.accept(any(runbooks) ?? assert.fail());
      if (accepted.outcome === "accepted") {
        jobs.push(accepted.job.jobId);
      }
    },
    async () => {
      for (const job of await db.claim(any(workers) ?? assert.fail(), 1 + random(3))) {
        attempts.push({ ...job, number: 0 });
      }
    },
    async () => {
      const attempt = any(attempts);
      if (attempt !== undefined) {
        const number = attempt.number + 1;
        if ((await db.append(attempt, [number, number + 1])).outcome === "stored") {
          attempt.number += 2;
        }
      }
    },
    async () => {
      const attempt = any(attempts);
      const outcome = any(["Completed", "Failed", "Stopped"] as const) ?? "Failed";
      const reason =
        outcome === "Failed" ? (any(["script", "host-lost", "time-limit"] as const) ?? "script") : "script";
      if (attempt !== undefined) {
        await db.end(attempt, { outcome, reason });
      }
    },
    async () => {
      const jobId = any(jobs);
      if (jobId !== undefined) {
        await db.operations.stopJob({ jobId, requestedBy: "ann", force: false });
      }
    },
    async () => {
      const attempt = any(attempts);
      if (attempt !== undefined) {
        await db.operations.putBackJob({ ...attempt, reason: "declined" });
      }
    },
    async () => {
      const worker = any(workers) ?? assert.fail();
      if (random(2) === 0) {
        worker.instanceId = newId();
      }
      await db.hello(
        worker,
        attempts.filter(() => random(2) === 0),
      );
    },
    async () => {
      db.time += random(5_000);
      for (const worker of workers) {
        if (random(3) > 0) {
          await db.hello(worker, attempts);
        }
      }
      await db.operations.expireLeases();
      await db.operations.failOverdueJobs({ limit: 10 });
      if (random(4) === 0 && attempts.length > 0) {
        await db.operations.giveUpAttempts({ attempts: [any(attempts) ?? assert.fail()] });
      }
    },
  ];
  for (let step = 0; step < steps; step += 1) {
    await (any(actions) ?? assert.fail())();
    await look?.(step);
  }
}
