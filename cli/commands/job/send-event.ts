import type { JobResource } from "../../../src/contract/api/job.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { jobView } from "../../views/job-view.ts";

export const command: Command = {
  name: "send-event",
  summary: "send an event to a job that waits for it",
  description: "A job that does not wait for it yet gets it when it does. Each event is given to one wait.",
  arguments: [
    { name: "JOB", help: "the job's id" },
    { name: "NAME", help: "the event's name, as the runbook waits for it" },
  ],
  options: [{ flags: "--value <json>", help: "what the runbook gets" }],
  examples: [{ line: `send-event 0195e7c4-… built --value '{"version":"1.2"}'`, does: "go on with a version" }],
  async run(invocation) {
    const text = invocation.text("value");
    const path = `/api/jobs/${encodeURIComponent(invocation.argument(0))}/events`;
    const body = { name: invocation.argument(1), ...(text !== undefined && { value: parsed(text) }) };
    await printRow(await connect().post<JobResource>(path, body), jobView, invocation.output);
    return exitCodes.completed;
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError("usage", "The value is not JSON.", { remedy: `Write text in quotes: --value '"text"'.` });
  }
}
