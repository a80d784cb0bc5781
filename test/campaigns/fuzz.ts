import { parseArgs } from "node:util";
import { runFuzz } from "./fuzz/run-fuzz.ts";

/*
 * `npm run campaign -- fuzz [--requests N] [--seed S]`: sends 10,000 requests over the API, as its OpenAPI document has them and mangled,
 * and a twentieth as many pieces of bytes that are no HTTP. None may be answered by 500 or more, hang, or write something when it is
 * refused. Exits with 1 otherwise.
 */
const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
  },
});
const [requests, seed] = [values.requests, values.seed].map(Number) as [number, number];
if (!Number.isInteger(requests) || requests < 1 || !Number.isInteger(seed)) {
  process.stderr.write("--requests and --seed take whole numbers.\n");
  process.exit(2);
}
const print = (text: string) => process.stdout.write(`${text}\n`);

/** Milliseconds between two lines that tell how far it is. */
const progressInterval = 10_000;

print(`${requests} requests, seed ${seed}`);
const startedAt = performance.now();
let toldAt = 0;
const { answers, rawAnswers, violations } = await runFuzz({
  requests,
  seed,
  progress({ requests: done, raw }) {
    const elapsed = performance.now() - startedAt;
    if (elapsed - toldAt < progressInterval) return;
    toldAt = elapsed;
    const left = ((elapsed / done) * (requests - done)) / 1000;
    print(raw > 0 ? `${raw} pieces of bytes` : `${done} of ${requests} requests, about ${left.toFixed(0)} s left`);
  },
});
print(`answers: ${listed(answers)}\nto raw bytes: ${listed(rawAnswers)}\n`);
const width = Math.max(...Object.keys(violations).map((name) => name.length));
for (const [name, found] of Object.entries(violations))
  print(`${name.padEnd(width)}  ${String(found.length).padStart(5)}`);
const broken = Object.entries(violations).filter(([, found]) => found.length > 0);
for (const [name, found] of broken) print(`\n${name}:\n  ${found.slice(0, 20).join("\n  ")}`);
if (broken.length > 0) print(`\nAgain with: npm run campaign -- fuzz --requests ${requests} --seed ${seed}`);
process.exitCode = broken.length > 0 ? 1 : 0;

function listed(counts: Record<string, number>): string {
  return Object.entries(counts)
    .sort(([, one], [, other]) => other - one)
    .map(([name, number]) => `${number} × ${name}`)
    .join(", ");
}
