import type { JobResource } from "../../../src/contract/api/job.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { jobView } from "../../views/job-view.ts";

export const command: Command = {
  name: "resume-job",
  summary: "let a suspended job go on",
  description:
    "It goes on with the version that it started with, on any worker that may have it: behind the steps that it has done.",
  arguments: [{ name: "JOB", help: "the job's id" }],
  examples: [{ line: "resume-job 0195e7c4-…", does: "go on" }],
  async run(invocation) {
    const path = `/api/jobs/${encodeURIComponent(invocation.argument(0))}/resume`;
    await printRow(await connect().post<JobResource>(path), jobView, invocation.output);
    return exitCodes.completed;
  },
};
