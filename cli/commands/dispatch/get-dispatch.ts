import type { DispatchHoldResource } from "../../../src/contract/api/dispatch.ts";
import type { Page } from "../../../src/contract/api/page.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { dispatchHoldView } from "../../views/dispatch-hold-view.ts";

export const command: Command = {
  name: "get-dispatch",
  summary: "list what is held by hold-dispatch",
  examples: [{ line: "get-dispatch", does: "who holds what, since when and why" }],
  async run(invocation) {
    const { items } = await connect().get<Page<DispatchHoldResource>>("/api/dispatch");
    await printList(items, dispatchHoldView, invocation.output);
    return exitCodes.completed;
  },
};
