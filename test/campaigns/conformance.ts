import { parseArgs } from "node:util";
import { program, skip } from "../../worker/hosts/pwsh/testing/pwsh-host-run.ts";
import { nameOf, readConformanceScripts } from "./conformance/conformance-script.ts";
import { runConformance } from "./conformance/run-conformance.ts";

/*
 * `npm run campaign -- conformance [--only TEXT] [--concurrency N] [--keep FOLDER]`: runs every script of `conformance/scripts` in
 * `pwsh -File` and in a host, and compares all that they print, and their exit codes. `--only` takes the scripts whose name has
 * TEXT in it. `--keep` keeps what pwsh printed, for comparing again after a change of the host. Exits with 1 when something differs
 * that does not differ on purpose (`conformance/differences.ts`).
 */
const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    concurrency: { type: "string", default: "2" },
    keep: { type: "string" },
  },
});
const concurrency = Number(values.concurrency);
if (!Number.isInteger(concurrency) || concurrency < 1) {
  process.stderr.write("--concurrency takes a whole number from 1 on.\n");
  process.exit(2);
}
if (skip !== false) {
  process.stderr.write(`${skip}\n`);
  process.exit(2);
}
const print = (text: string) => process.stdout.write(`${text}\n`);

const scripts = (await readConformanceScripts()).filter((script) => nameOf(script).includes(values.only));
print(`${scripts.length} scripts in pwsh ${program?.version} and in hosts of it`);
const run = await runConformance({ scripts, concurrency, keep: values.keep, progress: print });

const topics = [...new Set(scripts.map(({ topic }) => topic))];
const width = Math.max(...topics.map((topic) => topic.length));
const count = (found: object, topic: string) =>
  String(Object.keys(found).filter((name) => name.startsWith(`${topic}: `)).length).padStart(10);
print(`\n${"".padEnd(width)}     scripts    differ  on purpose`);
for (const topic of topics) {
  const all = String(scripts.filter((script) => script.topic === topic).length).padStart(12);
  print(`${topic.padEnd(width)}${all}${count(run.differences, topic)}${count(run.intended, topic)}`);
}
print(`\n${run.inUsedHosts} scripts ran in a host that had run others before.`);
for (const [name, reason] of Object.entries(run.intended)) print(`On purpose: ${name}: ${reason}`);
for (const name of run.alikeAfterAll) print(`Said to differ on purpose, but alike: ${name}`);
for (const [name, differs] of Object.entries(run.differences)) print(`\n${name} differs\n  ${differs}`);
process.exitCode = Object.keys(run.differences).length + run.alikeAfterAll.length > 0 ? 1 : 0;
