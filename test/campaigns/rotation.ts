import { parseArgs } from "node:util";
import { findPwsh } from "../../worker/hosts/pwsh/find-pwsh.ts";
import { runRotation } from "./rotation/run-rotation.ts";

/*
 * `npm run campaign -- rotation [--rotations N] [--kills N] [--jobs N]`: replaces the master key again and again while jobs in TypeScript
 * and PowerShell use secrets of every sort without a pause; the last `kills` rotations lose their service in the middle. In the end
 * the former keys are taken away. Exits with 1 when a job fails, or anything is not readable by the last key alone.
 */
const { values } = parseArgs({
  options: {
    rotations: { type: "string", default: "12" },
    kills: { type: "string", default: "6" },
    jobs: { type: "string", default: "4" },
  },
});
const [rotations, kills, jobsAtOnce] = [Number(values.rotations), Number(values.kills), Number(values.jobs)];
if (![rotations, jobsAtOnce].every((value) => Number.isInteger(value) && value >= 1) || !(kills >= 0)) {
  process.stderr.write("--rotations, --kills and --jobs take whole numbers.\n");
  process.exit(2);
}
const print = (text: string) => process.stdout.write(`${text}\n`);
const pwsh = await findPwsh();
if ("missing" in pwsh) print("There is no pwsh on this machine: TypeScript alone.");
const { violations, ended, cutOff } = await runRotation({
  rotations,
  kills,
  jobsAtOnce,
  kinds: "missing" in pwsh ? ["TypeScript"] : ["TypeScript", "PowerShell"],
  random: Math.random,
  progress: print,
});
const told = Object.entries(ended).map(([runbook, count]) => `${count} of ${runbook}`);
print(`jobs: ${told.join(", ")}; ${cutOff} of ${kills} rotations were cut off by the end of their service\n`);
const width = Math.max(...Object.keys(violations).map((law) => law.length));
for (const [law, found] of Object.entries(violations)) {
  print(`${law.padEnd(width)}  ${String(found.length).padStart(5)}`);
}
const broken = Object.entries(violations).filter(([, found]) => found.length > 0);
for (const [law, found] of broken) print(`\n${law}:\n  ${found.slice(0, 20).join("\n  ")}`);
process.exitCode = broken.length > 0 ? 1 : 0;
