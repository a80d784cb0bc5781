import type { HostRunbookAnswer, HostRunbookRequest } from "../../../../src/contract/host/host-messages.ts";
import { askRunbooks } from "./ask-runbooks.ts";
import { currentBranch } from "./branch.ts";
import { isDurable } from "./journal.ts";
import { onAskedToSuspend, waitForNextAttempt } from "./suspension.ts";

/**
 * Follows another job, which goes on whatever becomes of this one. A durable runbook that is to be suspended waits for it in its next attempt, unless
 * it does so in a step, which is done as a whole.
 */
export async function followJob(
  request: Extract<HostRunbookRequest, { action: "follow-job" }>,
): Promise<Exclude<HostRunbookAnswer, { error: unknown }>> {
  if (!isDurable() || currentBranch().step !== null) return await askRunbooks(request);
  const asked = Promise.withResolvers<null>();
  const forget = onAskedToSuspend(() => asked.resolve(null));
  const answer = await Promise.race([asked.promise, askRunbooks(request)]).finally(forget);
  return answer ?? (await waitForNextAttempt());
}
