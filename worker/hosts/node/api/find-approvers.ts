import { askRunbooks } from "./ask-runbooks.ts";
import { RunbookError } from "./runbook-error.ts";

/**
 * Rejects with a `RunbookError` where one of these names is nobody's who could approve. Where there is no service to ask, as for a script that is tried
 * by `runsmith run`, nobody waits for an answer either.
 */
export async function findApprovers(names: readonly string[]): Promise<void> {
  try {
    await askRunbooks({ action: "find-approvers", names });
  } catch (error) {
    if (!(error instanceof RunbookError) || error.code !== "runbooks-unavailable") throw error;
  }
}
