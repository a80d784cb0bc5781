import type { DispatchHoldScope } from "../../src/contract/api/dispatch.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { CommandOption, Invocation } from "../command.ts";

/** What a hold is about; everything when neither is given. */
export const dispatchOptions: readonly CommandOption[] = [
  { flags: "--group <group>", help: "only the workers of this group" },
  { flags: "--runbook <name>", help: "only the jobs of this runbook" },
];

/** What a hold is about, from the options above. Throws `UserError` when both are given. */
export function dispatchSubject(invocation: Invocation): { scope: DispatchHoldScope; name?: string } {
  const group = invocation.text("group");
  const runbook = invocation.text("runbook");
  if (group !== undefined && runbook !== undefined) {
    throw new UserError("invalid-hold", "Name a group or a runbook, not both.", {
      remedy: "Hold them one after the other.",
    });
  }
  if (group !== undefined) return { scope: "group", name: group };
  return runbook === undefined ? { scope: "all" } : { scope: "runbook", name: runbook };
}
