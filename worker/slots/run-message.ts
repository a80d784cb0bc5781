import type { ChildRunbook } from "../../src/contract/child-runbook.ts";
import type { RunMessage } from "../../src/contract/host/host-messages.ts";
import type { Profile } from "../hosts/profile.ts";
import { unmaskedParameters } from "../masking/collect-secrets.ts";
import { leastSecretLength } from "../masking/secret-forms.ts";
import type { JobOrder } from "./job-order.ts";
import { outputWidth } from "./job-order.ts";
import type { TakenHost } from "./take-host.ts";

/**
 * What a host is handed over with.
 * @param parameters with the credentials that the order's name
 * @param knownChildren asked only where the host wants them at once
 */
export function runMessage(
  order: JobOrder,
  { host, reuse }: TakenHost,
  parameters: Record<string, unknown>,
  knownChildren: () => ChildRunbook[],
): RunMessage {
  return {
    type: "run",
    jobId: order.jobId,
    attempt: order.attempt,
    runbook: order.runbook,
    script: order.script,
    parameters,
    parameterSchemas: order.parameterSchemas,
    logs: order.logs,
    width: outputWidth,
    stopGrace: order.stopGrace,
    ...(reuse === null ? {} : { keep: reuse }),
    ...(order.journal.length === 0 ? {} : { journal: [...order.journal] }),
    ...(order.checkpoint === null ? {} : { checkpoint: order.checkpoint }),
    ...(host.profile.kind === "pwsh" && order.children.length > 0 ? { children: knownChildren() } : {}),
  };
}

/** What whoever reads the job's records is to know of it before its script runs. */
export function startWarnings(order: JobOrder, profile: Profile, sandboxed: boolean): string[] {
  const isolation = sandboxed ? [] : ["This job is not isolated: its worker was started with --sandbox none."];
  const unmasked = unmaskedParameters(order.parameters, order.parameterSchemas).map(
    (name) =>
      `The secret parameter "${name}" holds a text of fewer than ${leastSecretLength} characters, which is not masked. Choose a longer one.`,
  );
  return [...isolation, ...profile.warnings, ...unmasked];
}
