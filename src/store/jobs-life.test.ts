import { checkInvariants } from "./testing/job-invariants.ts";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { randomLife } from "./testing/random-life.ts";
import { storeTest } from "./testing/temporary-store.ts";

storeTest("whatever happens in whatever order, no job is lost, doubled or left behind", async (t) => {
  const first = await openJobsDatabase(t);
  // A step on a server is a round trip or more.
  const { seeds, steps, stride } = first.isRemote
    ? { seeds: [5], steps: 300, stride: 10 }
    : { seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], steps: 400, stride: 4 };
  for (const seed of seeds) {
    const db = seed === seeds[0] ? first : await openJobsDatabase(t);
    await randomLife(db, {
      seed,
      steps,
      look: async (step) => {
        if (step % stride === 0 || step === steps - 1) {
          await checkInvariants(db, `seed ${seed}, step ${step}`);
        }
      },
    });
  }
});
