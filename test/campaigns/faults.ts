import { parseArgs } from "node:util";
import type { FaultStore } from "./faults/plan.ts";
import type { FaultProgress } from "./faults/run-faults.ts";
import { runFaults, usualSlots } from "./faults/run-faults.ts";

/*
 * `npm run campaign -- faults [--jobs N] [--kills N] [--seed S] [--pause MS] [--slots N] [--store sqlite|mssql]`: kills servers, workers and
 * hosts at random while short jobs stream, on SQL Server breaks the way to the database too, and examines every job afterwards.
 * On both stores, unless one is named; SQL Server is left out, saying so, where RUNSMITH_TEST_MSSQL names none.
 * Exits with 1 when an invariant is broken.
 */
const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "600" },
    kills: { type: "string", default: "40" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    pause: { type: "string", default: "20000" },
    slots: { type: "string", default: String(usualSlots) },
    store: { type: "string" },
  },
});
const print = (text: string) => process.stdout.write(`${text}\n`);
const [jobs, kills, seed, pause, slots] = (["jobs", "kills", "seed", "pause", "slots"] as const).map((name) => {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 0) return value;
  return refuse(`--${name} takes a whole number.`);
}) as [number, number, number, number, number];

/** Milliseconds between two lines that tell how far it is. */
const progressInterval = 10_000;

let isSound = true;
for (const store of namedStores(values.store)) isSound = (await storm(store)) && isSound;
process.exitCode = isSound ? 0 : 1;

/** Runs once and tells of it. @returns whether every invariant held */
async function storm(store: FaultStore): Promise<boolean> {
  print(`${store}, seed ${seed}: ${jobs} jobs, ${kills} kills`);
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  let toldAt = 0;
  const progress = (done: FaultProgress) => {
    if (elapsed() - toldAt < progressInterval) return;
    toldAt = elapsed();
    const left = (elapsed() / done.jobs) * (jobs - done.jobs);
    print(
      `${done.jobs} of ${jobs} jobs, ${done.kills} of ${kills} kills, ${seconds(toldAt)}, about ${seconds(left)} left`,
    );
  };
  const run = await runFaults({ jobs, kills, seed, pause, slots, store, progress });
  const further = `further attempts after: ${listed(run.furtherAttempts) || "none"}`;
  print(`${store}: killed: ${listed(run.kills)}; ended: ${listed(run.ends)}; ${further}; ${seconds(elapsed())}`);
  const { deaths, jobsByHost } = run;
  print(`${store}: jobs: ${listed(run.jobs)}; ${reuse(jobsByHost)}`);
  print(
    `${store}: ends of attempts after the death of their worker: ${deaths.measured} measured, at most ${(deaths.longest / 1000).toFixed(1)} s after it and a service being there\n`,
  );
  const width = Math.max(...Object.keys(run.violations).map((name) => name.length));
  for (const [name, found] of Object.entries(run.violations))
    print(`${name.padEnd(width)}  ${String(found.length).padStart(5)}`);
  print("");
  const broken = Object.entries(run.violations).filter(([, found]) => found.length > 0);
  for (const [name, found] of broken) print(`${name}:\n  ${found.slice(0, 20).join("\n  ")}\n`);
  if (broken.length > 0)
    print(
      `Again with: npm run campaign -- faults --store ${store} --jobs ${jobs} --kills ${kills} --slots ${slots} --seed ${seed}`,
    );
  return broken.length === 0;
}

function reuse(jobsByHost: number[]): string {
  const jobs = jobsByHost.reduce((sum, count) => sum + count, 0);
  return `${jobsByHost.length} reused hosts had ${jobs} jobs, ${jobsByHost.filter((count) => count > 1).length} of them more than one`;
}

function namedStores(name: string | undefined): FaultStore[] {
  if (name === "sqlite" || name === "mssql") return [name];
  if (name !== undefined) return refuse("--store takes sqlite or mssql.");
  if (process.env.RUNSMITH_TEST_MSSQL) return ["sqlite", "mssql"];
  print("SQL Server is left out: RUNSMITH_TEST_MSSQL names none.");
  return ["sqlite"];
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(0)} s`;
}

function listed(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

function refuse(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}
