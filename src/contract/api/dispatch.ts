/** What a hold of dispatch is about: everything, the workers of a group, the jobs of a runbook. */
export const dispatchHoldScopes = ["all", "group", "runbook"] as const;
export type DispatchHoldScope = (typeof dispatchHoldScopes)[number];

/** An operator's hold as the API shows it. */
export interface DispatchHoldResource {
  scope: DispatchHoldScope;
  /** Name of the group or of the runbook; null for everything. */
  name: string | null;
  reason: string;
  heldBy: string;
  heldAt: string;
}
