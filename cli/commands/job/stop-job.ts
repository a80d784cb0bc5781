import type { JobResource } from "../../../src/contract/api/job.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import { bulkOptions, workOnJobs } from "../../bulk/bulk-jobs.ts";
import type { Command, Invocation } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { followJob } from "../../follow/follow-job.ts";
import { onInterruption } from "../../follow/interruption.ts";
import { printRow } from "../../output/print.ts";
import { isOneJob, jobFilterOptions } from "../../parameters/job-filter.ts";
import { jobView } from "../../views/job-view.ts";

export const command: Command = {
  name: "stop-job",
  summary: "stop jobs: one, several, or those that a filter finds",
  description:
    "Asks the script to end, and kills its whole process tree when it has not ended within the runbook's grace period. A job that has not started is over at once. A filter without --status finds all open jobs; a job that leaves the states of the filter meanwhile is let alone. Exit code 1 when one of several jobs was not found.",
  arguments: [{ name: "ID", help: "ids of jobs; or none, and a filter", optional: true, many: true }],
  options: [
    ...jobFilterOptions,
    { flags: "--force", help: "kill at once" },
    { flags: "--wait", help: "wait until the job has ended; for one job that is named" },
    ...bulkOptions,
  ],
  examples: [
    { line: "stop-job 0195e7c4-… --wait", does: "stop it, and see how it ended" },
    { line: "stop-job --runbook Deploy --status New --dry-run", does: "what would be stopped" },
    { line: "stop-job --status Running --older-than 1h --tag night --yes", does: "all of these, without asking" },
  ],
  async run(invocation) {
    const isOne = isOneJob(invocation) && !invocation.flag("dry-run");
    if (isOne) return await stopOne(invocation);
    if (invocation.flag("wait")) {
      throw new UserError("usage", "--wait goes with one job that is named.", {
        remedy: "Leave it out, and see with `npx runsmith get-job` and the same filter what is open still.",
      });
    }
    const more = invocation.flag("force") ? { force: true } : {};
    return await workOnJobs(connect(), { path: "/api/jobs/stop", more, verb: "Stop", doing: "stopping" }, invocation);
  },
};

async function stopOne(invocation: Invocation): Promise<number> {
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
}
