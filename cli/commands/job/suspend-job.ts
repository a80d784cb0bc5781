import type { JobResource } from "../../../src/contract/api/job.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { jobView } from "../../views/job-view.ts";

export const command: Command = {
  name: "suspend-job",
  summary: "suspend a running job at its next step",
  description:
    "The script ends where a step, or a checkpoint, is done; the job then holds no worker, until it is resumed. A script without steps runs to its end.",
  arguments: [{ name: "JOB", help: "the job's id" }],
  examples: [{ line: "suspend-job 0195e7c4-…", does: "free its slot" }],
  async run(invocation) {
    const path = `/api/jobs/${encodeURIComponent(invocation.argument(0))}/suspend`;
    await printRow(await connect().post<JobResource>(path), jobView, invocation.output);
    return exitCodes.completed;
  },
};
