import { join } from "node:path";
import type { ClaimSet } from "./support/claimable-store.ts";
import { claim, makeClaimableStore } from "./support/claimable-store.ts";
import { benchDatabases } from "./support/databases.ts";
import { type Figure, figure, percentile, report } from "./support/figures.ts";
import { benchFolder } from "./support/system.ts";

/*
 * Jobs claimed a second by eight workers at once, at most 32 a call, out of 100,000 that wait: 1,000 runbooks, three groups, three
 * priorities. The same beside a history of a million jobs and beside 100,000 parked jobs of one runbook, in turns, so that all
 * see the same machine. `--scale N` divides every number of jobs.
 */

const bench = "claim";
const scale = Number(/--scale[= ](\d+)/.exec(process.argv.join(" "))?.[1] ?? 1);
const callsOfRound = 8;
const jobsOfRound = 8 * callsOfRound * 32;
// Three of the eight workers are of one group, which has a third of the jobs.
const rounds = Math.min(15, Math.floor(100_000 / scale / 3 / ((3 / 8) * jobsOfRound)) - 1);
const sets: Record<string, ClaimSet> = {
  "1,000 ended jobs": { waiting: 100_000 / scale, history: 1000, parked: 0 },
  "1,000,000 ended jobs": { waiting: 100_000 / scale, history: 1_000_000 / scale, parked: 0 },
  "100,000 parked jobs": { waiting: 100_000 / scale, history: 1000, parked: 100_000 / scale },
};

const figures: Figure[] = [];
await using folder = await benchFolder();
for (const database of benchDatabases()) {
  await using stack = new AsyncDisposableStack();
  const startedAt = performance.now();
  const stores: { name: string; claimRound: () => Promise<number> }[] = [];
  for (const [name, set] of Object.entries(sets)) {
    const made = stack.use(await database.make(join(folder.path, `${database.name}-${stores.length}`)));
    const { store, claimers } = await makeClaimableStore(made.options, set);
    stack.defer(() => store.close());
    stores.push({
      name,
      /** Jobs a second of a round. */
      async claimRound() {
        const start = performance.now();
        const counts = await Promise.all(
          claimers.map(async (claimer) => {
            let jobs = 0;
            for (let call = 0; call < callsOfRound; call += 1) jobs += (await claim(store, claimer)).length;
            return jobs;
          }),
        );
        const jobs = counts.reduce((sum, count) => sum + count, 0);
        if (jobs !== jobsOfRound) throw new Error(`${name}: only ${jobs} jobs were claimed`);
        return jobs / ((performance.now() - start) / 1000);
      },
    });
  }
  console.error(`set-up on ${database.name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

  const rates = stores.map((): number[] => []);
  for (const { claimRound } of stores) await claimRound();
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { claimRound }] of stores.entries()) rates[index]?.push(await claimRound());
  }
  for (const [index, { name }] of stores.entries()) {
    const named = `${database.name}, ${name}`;
    const samples = rates[index] ?? [];
    const rate = percentile(samples, 0.5);
    figures.push(figure(bench, named, "claimed", "jobs/s", rate, null, { of: "value", atLeast: 3000 }));
    if (index === 0) continue;
    // Round by round, as the machine's moods last longer than one.
    const slower = percentile(
      samples.map((sample, round) => (rates[0]?.[round] ?? Number.NaN) / sample),
      0.5,
    );
    figures.push(
      figure(bench, named, "time of a claim", "ms", 1000 / rate, 1000 / rate / slower, { of: "ratio", atMost: 1.2 }),
    );
  }
}
report(figures);
