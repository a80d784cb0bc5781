import { parseArgs } from "node:util";
import { runUpgrade } from "./upgrade/run-upgrade.ts";

/*
 * `npm run campaign -- upgrade [--jobs N]`: upgrades two services and two workers over SQL Server to the next version, one after the
 * other, while jobs stream; services of both versions are also killed in between. Exits with 1 when a single job fails or an invariant
 * is broken. Needs RUNSMITH_TEST_MSSQL: several services at once need SQL Server.
 */
const { values } = parseArgs({ options: { jobs: { type: "string", default: "300" } } });
const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 1) {
  process.stderr.write("--jobs takes a whole number.\n");
  process.exit(2);
}
if (!process.env.RUNSMITH_TEST_MSSQL) {
  process.stderr.write("Several services at once need SQL Server: name one in RUNSMITH_TEST_MSSQL.\n");
  process.exit(2);
}
const print = (text: string) => process.stdout.write(`${text}\n`);

const startedAt = performance.now();
const { violations, ends, steps } = await runUpgrade({ jobs, progress: print });
const ended = Object.entries(ends).map(([status, count]) => `${count} ${status}`);
print(`${steps} steps; ended: ${ended.join(", ")}; ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`);
const width = Math.max(...Object.keys(violations).map((name) => name.length));
for (const [name, found] of Object.entries(violations)) {
  print(`${name.padEnd(width)}  ${String(found.length).padStart(5)}`);
}
const broken = Object.entries(violations).filter(([, found]) => found.length > 0);
for (const [name, found] of broken) print(`\n${name}:\n  ${found.slice(0, 20).join("\n  ")}`);
process.exitCode = broken.length > 0 ? 1 : 0;
