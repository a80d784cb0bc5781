import { parseArgs } from "node:util";
import { runFaults } from "./faults/run-faults.ts";

/*
 * `npm run campaign -- faults [--jobs N] [--kills N] [--seed S] [--pause MS]`: kills server, workers and hosts at random
 * while short jobs stream, and examines every job afterwards. Exits with 1 when an invariant is broken.
 */
const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "600" },
    kills: { type: "string", default: "40" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    pause: { type: "string", default: "20000" },
  },
});
const numbers = Object.entries(values).map(([name, text]) => [name, Number(text)] as const);
const wrong = numbers.filter(([, value]) => !Number.isInteger(value) || value < 0);
if (wrong.length > 0) {
  process.stderr.write(`--${wrong.map(([name]) => name).join(", --")} takes a whole number.\n`);
  process.exit(2);
}
const options = Object.fromEntries(numbers) as Record<keyof typeof values, number>;
const print = (text: string) => process.stdout.write(`${text}\n`);

print(`seed ${options.seed}: ${options.jobs} jobs, ${options.kills} kills`);
const startedAt = performance.now();
const { violations, ends, kills, furtherAttempts } = await runFaults({ ...options, progress: print });
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
const listed = (counts: Record<string, number>) =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
print(`killed: ${listed(kills)}; ended: ${listed(ends)}; further attempts: ${furtherAttempts}; ${seconds} s\n`);
const width = Math.max(...Object.keys(violations).map((name) => name.length));
for (const [name, found] of Object.entries(violations))
  print(`${name.padEnd(width)}  ${String(found.length).padStart(5)}`);
const broken = Object.entries(violations).filter(([, found]) => found.length > 0);
for (const [name, found] of broken) print(`\n${name}:\n  ${found.slice(0, 20).join("\n  ")}`);
if (broken.length > 0)
  print(
    `\nAgain with: npm run campaign -- faults --jobs ${options.jobs} --kills ${options.kills} --seed ${options.seed}`,
  );
process.exitCode = broken.length > 0 ? 1 : 0;
