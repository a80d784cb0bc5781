/** The kinds of runbook; a `PowerShellWorkflow` is a script whose text defines a workflow at its top level. */
export const runbookKinds = ["TypeScript", "PowerShell", "PowerShellWorkflow"] as const;

export type RunbookKind = (typeof runbookKinds)[number];

/** The kinds of host; each runbook kind runs in exactly one of them. */
export const hostKinds = ["node", "pwsh"] as const;

export type HostKind = (typeof hostKinds)[number];

/** Which host runs which kind of runbook. */
export const hostKindOf: Readonly<Record<RunbookKind, HostKind>> = {
  TypeScript: "node",
  PowerShell: "pwsh",
  PowerShellWorkflow: "pwsh",
};

/** How often a job of a new runbook may be handed to a worker: those that have checkpoints go on, the others would begin anew. */
export const defaultAttempts: Readonly<Record<RunbookKind, number>> = {
  TypeScript: 1,
  PowerShell: 1,
  PowerShellWorkflow: 3,
};

/** Which kind a file name's ending stands for, as far as the name alone tells it: the text may be a `PowerShellWorkflow`. */
export const runbookKindOfExtension: Readonly<Record<string, RunbookKind>> = {
  ".ts": "TypeScript",
  ".ps1": "PowerShell",
};
