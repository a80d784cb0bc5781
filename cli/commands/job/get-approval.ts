import type { ApprovalResource, JobStepResource } from "../../../src/contract/api/job-step.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import type { View } from "../../output/print.ts";
import { printList } from "../../output/print.ts";
import { readLimit } from "../../parameters/limit.ts";
import { answerText } from "../../views/job-steps.ts";

const approvalView: View<JobStepResource> = {
  name: (step) => step.stepId,
  columns: [
    { title: "Step", value: (step) => step.stepId },
    { title: "Asked", value: (step) => step.startedAt },
    { title: "Message", value: (step) => step.message ?? "" },
    { title: "To", value: (step) => step.to?.join(", ") ?? "operators" },
    { title: "Answer", value: answerText },
  ],
};

const openApprovalView: View<ApprovalResource> = {
  name: (approval) => approval.stepId,
  columns: [
    { title: "Job", value: (approval) => approval.jobId },
    { title: "Runbook", value: (approval) => approval.runbookName },
    { title: "Since", value: (approval) => approval.since },
    { title: "Message", value: (approval) => approval.message ?? "" },
    { title: "To", value: (approval) => approval.to?.join(", ") ?? "operators" },
    { title: "Until", value: (approval) => approval.until ?? "" },
  ],
};

export const command: Command = {
  name: "get-approval",
  summary: "what you are asked to approve; or of one job, with what was answered",
  arguments: [{ name: "JOB", help: "the job's id; or none, for all that you may answer", optional: true }],
  options: [{ flags: "--limit <number>", help: "at most so many", default: "50" }],
  examples: [
    { line: "get-approval", does: "all that waits for your answer, the oldest first" },
    { line: "get-approval 0195e7c4-…", does: "what a job asked, and who answered" },
    { line: "get-approval --output json", does: "an array of them" },
  ],
  async run(invocation) {
    const api = connect();
    const job = invocation.argument(0);
    if (job === "") {
      const open = await api.list<ApprovalResource>("/api/approvals?", readLimit(invocation));
      await printList(open, openApprovalView, invocation.output);
      return exitCodes.completed;
    }
    const { items } = await api.get<{ items: JobStepResource[] }>(`/api/jobs/${encodeURIComponent(job)}/steps`);
    await printList(
      items.filter(({ kind }) => kind === "approval"),
      approvalView,
      invocation.output,
    );
    return exitCodes.completed;
  },
};
