import type { JobResource } from "../../../src/contract/api/job.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { followJob } from "../../follow/follow-job.ts";
import { onInterruption } from "../../follow/interruption.ts";
import { printRow } from "../../output/print.ts";
import { jobView } from "../../views/job-view.ts";

export const command: Command = {
  name: "stop-job",
  summary: "stop a job",
  description:
    "Asks the script to end, and kills its whole process tree when it has not ended within the runbook's grace period.",
  arguments: [{ name: "ID", help: "the job's id" }],
  options: [
    { flags: "--force", help: "kill at once" },
    { flags: "--wait", help: "wait until the job has ended" },
  ],
  examples: [{ line: "stop-job 0195e7c4-… --wait", does: "stop it, and see how it ended" }],
  async run(invocation) {
    const api = connect();
    const path = `/api/jobs/${encodeURIComponent(invocation.argument(0))}/stop`;
    let job = await api.post<JobResource>(path, invocation.flag("force") ? { force: true } : {});
    if (invocation.flag("wait")) {
      const interruption = onInterruption();
      const ended = await followJob(api, job.jobId, {}, interruption.signal);
      interruption.release();
      if (ended === null) return exitCodes.interrupted;
      job = ended;
    }
    await printRow(job, jobView, invocation.output);
    return exitCodes.completed;
  },
};
