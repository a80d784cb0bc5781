import { parseArgs } from "node:util";
import { runSchedules } from "./schedules/run-schedules.ts";

/*
 * `npm run campaign -- schedules [--days N] [--schedules N] [--seed S]`: two simulated years in twelve zones, eight schedules made at
 * random in each, two services that fire at once, and meanwhile outages, crashes and clocks that jump. Every time has to be accounted
 * for, compared with a walk through every minute of each zone's clock. Exits with 1 when something does not hold.
 */
const { values } = parseArgs({
  options: {
    days: { type: "string", default: "730" },
    schedules: { type: "string", default: "8" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
  },
});
const zones = [
  "UTC",
  "Europe/Paris",
  "Europe/London",
  "America/New_York",
  "America/St_Johns",
  "America/Santiago",
  "Africa/Cairo",
  "Africa/Casablanca",
  "Asia/Kolkata",
  "Asia/Jerusalem",
  "Australia/Lord_Howe",
  "Antarctica/Troll",
];
const [days, schedules, seed] = [Number(values.days), Number(values.schedules), Number(values.seed)];
if (![days, schedules, seed].every((value) => Number.isInteger(value) && value >= 1)) {
  process.stderr.write("--days, --schedules and --seed take whole numbers from 1 on.\n");
  process.exit(2);
}
const print = (text: string) => process.stdout.write(`${text}\n`);

print(`seed ${seed}: ${days} days in ${zones.length} zones, ${schedules} schedules in each`);
const run = await runSchedules({ zones, from: "2026-01-01", days, schedules, seed, progress: print });
const happened = Object.entries(run.disturbances).map(([kind, count]) => `${count} ${kind}`);
print(`started: ${run.started}; missed: ${run.missed}; ${happened.join(", ")}\n`);
const width = Math.max(...Object.keys(run.violations).map((law) => law.length));
for (const [law, found] of Object.entries(run.violations)) {
  print(`${law.padEnd(width)}  ${String(found.length).padStart(5)}`);
}
const broken = Object.entries(run.violations).filter(([, found]) => found.length > 0);
for (const [law, found] of broken) print(`\n${law}:\n  ${found.slice(0, 20).join("\n  ")}`);
if (broken.length > 0)
  print(`\nAgain with: npm run campaign -- schedules --days ${days} --schedules ${schedules} --seed ${seed}`);
process.exitCode = broken.length > 0 ? 1 : 0;
