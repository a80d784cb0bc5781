import type { HostRunbookAnswer, HostRunbookRequest } from "../../../../src/contract/host/host-messages.ts";
import { RunbookError } from "./runbook-error.ts";
import { runtime } from "./runtime.ts";
import { signal } from "./signal.ts";

type Given = Exclude<HostRunbookAnswer, { error: unknown }>;

/** Asks about other runbooks and jobs. Rejects with a `RunbookError`, and as soon as the job is asked to stop. */
export async function askRunbooks(request: HostRunbookRequest): Promise<Given> {
  signal.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => stopped.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const answer = await Promise.race([runtime().askRunbooks(request), stopped.promise]);
    // Made here, so that its stack tells where in the runbook it was asked.
    if ("error" in answer) throw new RunbookError(answer.error.code, answer.error.message);
    return answer;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Parameters as they travel: what JSON makes of them. */
export function asParameters(parameters: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(parameters)) as Record<string, unknown>;
}
