import { parseArgs } from "node:util";
import { skip } from "../../worker/hosts/pwsh/testing/pwsh-host-run.ts";
import type { WorkflowRun } from "./workflows/run-workflows.ts";
import { WorkflowGround } from "./workflows/run-workflows.ts";
import { readWorkflowScripts } from "./workflows/workflow-script.ts";

/*
 * `npm run campaign -- workflows [--only TEXT,…] [--concurrency N] [--without-kills]`: runs every workflow of `workflows/scripts` as a job, and
 * compares all that it tells and does with what is expected of it; then runs those with checkpoints all at once, and kills their worker
 * behind each checkpoint. `--only` takes the workflows whose name has one of the TEXTs in it. Exits with 1 when something is not as expected.
 */
const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    concurrency: { type: "string", default: "3" },
    "without-kills": { type: "boolean", default: false },
  },
});
if (skip !== false) {
  process.stderr.write(`${skip}\n`);
  process.exit(2);
}
const print = (text: string) => void process.stdout.write(`${text}\n`);

const scripts = (await readWorkflowScripts()).filter(({ name }) =>
  values.only.split(",").some((text) => name.includes(text)),
);
const runs: WorkflowRun[] = [];
{
  await using ground = await WorkflowGround.start(print);
  print(`${scripts.length} workflows`);
  runs.push(await ground.run(scripts, Number(values.concurrency)));
}
const killed = values["without-kills"] ? [] : scripts.filter(({ hasGates }) => hasGates);
if (killed.length > 0) {
  await using ground = await WorkflowGround.start(print);
  print(`\n${killed.length} workflows, killed at each of their checkpoints`);
  runs.push(await ground.runKilled(killed));
}
const different = runs.flatMap(({ differences }) => Object.keys(differences));
print(`\n${different.length === 0 ? "All as expected." : `Not as expected: ${different.join(", ")}`}`);
process.exitCode = different.length === 0 ? 0 : 1;
