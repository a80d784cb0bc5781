import type { JobResource } from "../../../src/contract/api/job.ts";
import { looksLikeId } from "../../../src/contract/id.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command, Invocation } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { jobView } from "../../views/job-view.ts";

export const approvalArguments: NonNullable<Command["arguments"]> = [{ name: "JOB", help: "the job's id" }];

export const approvalOptions: NonNullable<Command["options"]> = [
  { flags: "--reason <text>", help: "why" },
  { flags: "--step <id>", help: "which approval, where the job waits for several; see get-approval" },
];

/** Answers an approval that a job waits for, and prints the job. */
export async function answerApproval(invocation: Invocation, approved: boolean): Promise<number> {
  const reason = invocation.text("reason");
  const stepId = invocation.text("step");
  if (stepId !== undefined && !looksLikeId(stepId)) {
    throw new UserError("usage", `"${stepId}" is no id of an approval.`, {
      remedy: `See the ids: npx runsmith get-approval ${invocation.argument(0)}`,
    });
  }
  const path = `/api/jobs/${encodeURIComponent(invocation.argument(0))}/approval`;
  const body = { approved, ...(reason !== undefined && { reason }), ...(stepId !== undefined && { stepId }) };
  await printRow(await connect().post<JobResource>(path, body), jobView, invocation.output);
  return exitCodes.completed;
}
