import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { runStarvation } from "./starvation/run-starvation.ts";

/*
 * `npm run campaign -- starvation [--load N] [--seconds S]`: takes the machine's processor time away (ten counting processes a core
 * when nothing is said, 20 on two) for three minutes, and sees that no healthy worker loses its lease and no job its worker.
 * Exits with 1 otherwise. Nothing else should run on the machine, and it at the usual priority, or the load is not what it says.
 */
const { values } = parseArgs({
  options: {
    load: { type: "string", default: String(10 * availableParallelism()) },
    seconds: { type: "string", default: "180" },
  },
});
const load = Number(values.load);
const seconds = Number(values.seconds);
if (!Number.isInteger(load) || load < 0 || !Number.isInteger(seconds) || seconds < 1) {
  process.stderr.write("--load and --seconds take whole numbers.\n");
  process.exit(2);
}
const print = (text: string) => process.stdout.write(`${text}\n`);

print(`${load} counting processes on ${availableParallelism()} cores for ${seconds} s`);
const { violations, ends, longestSilence, lease } = await runStarvation({
  load,
  seconds,
  progress: (text) => print(`${text}, load average ${loadavg()[0]?.toFixed(1)}`),
});
const ended = Object.entries(ends).map(([status, count]) => `${count} ${status}`);
print(
  `ended: ${ended.join(", ")}; longest silence of a worker: ${(longestSilence / 1000).toFixed(1)} s of a lease of ${lease / 1000} s\n`,
);
const width = Math.max(...Object.keys(violations).map((name) => name.length));
for (const [name, found] of Object.entries(violations)) {
  print(`${name.padEnd(width)}  ${String(found.length).padStart(5)}`);
}
const broken = Object.entries(violations).filter(([, found]) => found.length > 0);
for (const [name, found] of broken) print(`\n${name}:\n  ${found.slice(0, 20).join("\n  ")}`);
process.exitCode = broken.length > 0 ? 1 : 0;
