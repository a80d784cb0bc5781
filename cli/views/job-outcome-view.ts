import type { JobOutcome } from "../../src/contract/api/job-filter.ts";
import type { View } from "../output/print.ts";

/** How it is shown what was done to each of many jobs. */
export const jobOutcomeView: View<JobOutcome> = {
  columns: [
    { title: "Job", value: (job) => job.jobId },
    { title: "Runbook", value: (job) => job.runbookName ?? "" },
    { title: "Outcome", value: (job) => job.outcome },
    { title: "New job", value: (job) => job.newJobId ?? "" },
    { title: "Reason", value: (job) => job.reason ?? "" },
  ],
  name: (job) => job.newJobId ?? job.jobId,
};
