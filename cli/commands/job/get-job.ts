import type { JobResource } from "../../../src/contract/api/job.ts";
import type { JobStepResource } from "../../../src/contract/api/job-step.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { filterQuery, jobFilterOptions, readJobFilter } from "../../parameters/job-filter.ts";
import { readLimit } from "../../parameters/limit.ts";
import { familyText, readFamily } from "../../views/job-family.ts";
import { stepsText } from "../../views/job-steps.ts";
import { jobView } from "../../views/job-view.ts";

export const command: Command = {
  name: "get-job",
  summary: "list jobs, newest first, or show one",
  arguments: [{ name: "ID", help: "the job's id", optional: true }],
  options: [...jobFilterOptions, { flags: "--limit <number>", help: "at most so many", default: "50" }],
  examples: [
    { line: "get-job --status Running", does: "what runs now" },
    { line: "get-job --status Failed,Stopped --since 1d --group dmz", does: "what went wrong there since yesterday" },
    {
      line: "get-job 0195e7c4-…",
      does: "one, with its parameters, timings, steps and exception, and the jobs around it",
    },
    { line: "get-job --runbook Get-DiskSpace --output json", does: "an array, newest first" },
  ],
  async run(invocation) {
    const api = connect();
    const id = invocation.argument(0);
    if (id !== "") {
      const path = `/api/jobs/${encodeURIComponent(id)}`;
      const job = await api.get<JobResource>(path);
      const { items: steps } = await api.get<{ items: JobStepResource[] }>(`${path}/steps`);
      const family = await readFamily((of) => api.get(of), job);
      const { children } = family;
      const shown = { ...job, ...(steps.length > 0 && { steps }), ...(children.length > 0 && { children }) };
      const stepsDetail = { title: "Steps", value: () => stepsText(steps) };
      const details = [
        ...(jobView.details ?? []),
        stepsDetail,
        { title: "Jobs", value: () => familyText(job, family) },
      ];
      await printOne<JobResource>(shown, { ...jobView, details }, invocation.output);
      return exitCodes.completed;
    }
    const query = filterQuery(readJobFilter(invocation));
    const limit = readLimit(invocation);
    await printList(await api.list<JobResource>(`/api/jobs?${query}`, limit), jobView, invocation.output);
    return exitCodes.completed;
  },
};
