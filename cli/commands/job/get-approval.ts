import type { JobStepResource } from "../../../src/contract/api/job-step.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import type { View } from "../../output/print.ts";
import { printList } from "../../output/print.ts";

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

export const command: Command = {
  name: "get-approval",
  summary: "what a job asks people to approve, and what they answered",
  arguments: [{ name: "JOB", help: "the job's id" }],
  examples: [{ line: "get-approval 0195e7c4-…", does: "who is asked for what" }],
  async run(invocation) {
    const path = `/api/jobs/${encodeURIComponent(invocation.argument(0))}/steps`;
    const { items } = await connect().get<{ items: JobStepResource[] }>(path);
    await printList(
      items.filter(({ kind }) => kind === "approval"),
      approvalView,
      invocation.output,
    );
    return exitCodes.completed;
  },
};

function answerText({ answer, until }: JobStepResource): string {
  if (answer === null) {
    return until === null ? "waited for" : `waited for until ${until}`;
  }
  if (answer.timedOut === true) {
    return "none in time";
  }
  return `${answer.approved === true ? "approved" : "rejected"} by ${answer.by}${answer.reason ? `: ${answer.reason}` : ""}`;
}
