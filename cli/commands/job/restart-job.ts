import type { JobResource } from "../../../src/contract/api/job.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { jobView } from "../../views/job-view.ts";

export const command: Command = {
  name: "restart-job",
  summary: "start an ended job again behind the steps that it has done, as a new job",
  description:
    "The new job is of the same version, with the same parameters, and names the former one. It has done what the former job had: all of it, or what was before a step. A workflow goes on from its last checkpoint.",
  arguments: [{ name: "JOB", help: "the job's id" }],
  options: [
    {
      flags: "--from <step>",
      help: "name or id of the step to go on at, done or not; see get-job JOB; ids by --output json",
    },
  ],
  examples: [
    { line: "restart-job 0195e7c4-…", does: "go on at the first step that is not done" },
    { line: 'restart-job 0195e7c4-… --from "copy files"', does: "do that step again, and what follows" },
  ],
  async run(invocation) {
    const from = invocation.text("from");
    const path = `/api/jobs/${encodeURIComponent(invocation.argument(0))}/restart`;
    const job = await connect().post<JobResource>(path, from === undefined ? {} : { from });
    await printRow(job, jobView, invocation.output);
    return exitCodes.completed;
  },
};
