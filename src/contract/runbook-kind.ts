/** The kinds of runbook; `PowerShellWorkflow` is accepted from capability D on. */
export const runbookKinds = ["TypeScript", "PowerShell"] as const;

export type RunbookKind = (typeof runbookKinds)[number];

/** The kinds of host; each runbook kind runs in exactly one of them. */
export const hostKinds = ["node", "pwsh"] as const;

export type HostKind = (typeof hostKinds)[number];

/** Which host runs which kind of runbook. */
export const hostKindOf: Readonly<Record<RunbookKind, HostKind>> = {
  TypeScript: "node",
  PowerShell: "pwsh",
};

/** Which kind a file name's ending stands for. */
export const runbookKindOfExtension: Readonly<Record<string, RunbookKind>> = {
  ".ts": "TypeScript",
  ".ps1": "PowerShell",
};
