import type { DispatchHoldResource } from "../../../src/contract/api/dispatch.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { dispatchOptions, dispatchSubject } from "../../parameters/dispatch-subject.ts";
import { dispatchHoldView } from "../../views/dispatch-hold-view.ts";

export const command: Command = {
  name: "hold-dispatch",
  summary: "give out no further jobs",
  description:
    "Until release-dispatch, no further job is given to a worker: at all, to the workers of a group, or of a runbook. Jobs are accepted and wait; running ones go on.",
  options: [...dispatchOptions, { flags: "--reason <text>", help: "shown with every job that waits for it" }],
  examples: [
    { line: "hold-dispatch --reason 'storage is being moved'", does: "hold everything" },
    { line: "hold-dispatch --group dmz", does: "give no jobs to the workers of a group" },
    { line: "hold-dispatch --runbook Restart --reason 'see INC-4711'", does: "start no job of a runbook" },
  ],
  async run(invocation) {
    const reason = invocation.text("reason");
    const body = { ...dispatchSubject(invocation), ...(reason === undefined ? {} : { reason }) };
    const hold = await connect().post<DispatchHoldResource>("/api/dispatch/hold", body);
    await printRow(hold, dispatchHoldView, invocation.output);
    return exitCodes.completed;
  },
};
