import type { JobResource } from "../../../src/contract/api/job.ts";
import { bulkOptions, workOnJobs } from "../../bulk/bulk-jobs.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { isOneJob, jobFilterOptions } from "../../parameters/job-filter.ts";
import { jobView } from "../../views/job-view.ts";

export const command: Command = {
  name: "retry-job",
  summary: "start ended jobs again, as new jobs with the same parameters",
  description:
    "Starts an ended job again, as a new job with the same parameters, secret ones too: of the version that is published now, or of the draft where the former job ran the draft. The new job names the former one. A filter without --status finds Failed jobs, and passes over those that were retried before. Exit code 1 when one of several jobs was refused or not found.",
  arguments: [{ name: "ID", help: "ids of jobs; or none, and a filter", optional: true, many: true }],
  options: [
    ...jobFilterOptions,
    { flags: "--again", help: "with a filter or several jobs: also those that were retried before" },
    ...bulkOptions,
  ],
  examples: [
    { line: "retry-job 0195e7c4-…", does: "one job; prints the new one" },
    { line: "retry-job --runbook Deploy --since 2h --dry-run", does: "what would be retried" },
    { line: "retry-job --status Failed,Stopped --worker web-1 --yes", does: "what a broken worker has spoilt" },
  ],
  async run(invocation) {
    const api = connect();
    if (isOneJob(invocation) && !invocation.flag("dry-run") && !invocation.flag("again")) {
      const path = `/api/jobs/${encodeURIComponent(invocation.argument(0))}/retry`;
      await printRow(await api.post<JobResource>(path), jobView, invocation.output);
      return exitCodes.completed;
    }
    const more = invocation.flag("again") ? { again: true } : {};
    return await workOnJobs(api, { path: "/api/jobs/retry", more, verb: "Retry", doing: "retrying" }, invocation);
  },
};
