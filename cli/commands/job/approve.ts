import type { Command } from "../../command.ts";
import { answerApproval, approvalArguments, approvalOptions } from "./answer-approval.ts";

export const command: Command = {
  name: "approve",
  summary: "approve what a job waits for",
  description:
    "For those whom the approval is addressed to, and for who may operate the runbook. The answer is told to the runbook.",
  arguments: approvalArguments,
  options: approvalOptions,
  examples: [{ line: 'approve 0195e7c4-… --reason "as agreed"', does: "answer, with a reason" }],
  run: (invocation) => answerApproval(invocation, true),
};
