import type { DispatchHoldResource } from "../../../src/contract/api/dispatch.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { dispatchOptions, dispatchSubject } from "../../parameters/dispatch-subject.ts";
import { dispatchHoldView } from "../../views/dispatch-hold-view.ts";

export const command: Command = {
  name: "release-dispatch",
  summary: "give out jobs again that hold-dispatch holds",
  description: "Ends one hold, named as it was held; other holds stay.",
  options: dispatchOptions,
  examples: [
    { line: "release-dispatch", does: "end the hold of everything" },
    { line: "release-dispatch --runbook Restart", does: "end the hold of a runbook" },
  ],
  async run(invocation) {
    const hold = await connect().post<DispatchHoldResource>("/api/dispatch/release", dispatchSubject(invocation));
    await printRow(hold, dispatchHoldView, invocation.output);
    return exitCodes.completed;
  },
};
