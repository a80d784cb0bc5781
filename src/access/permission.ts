import type { RightsRole } from "../contract/api/right.ts";

/** The kinds of asset, as rights name them. */
export const assetKinds = [
  "variable",
  "credential",
  "connection",
  "connection-type",
  "certificate",
  "schedule",
  "vault",
] as const;

export type AssetKind = (typeof assetKinds)[number];

/**
 * What one may do to a thing. `read`: see it, never a secret in it. `operate`: start, stop and schedule runbooks. `use`: have an asset's
 * value in a job that runs as this principal. `edit`: create, change and delete. `administer`: what only administrators do, such as grants,
 * workers, principals and rights.
 */
export type Permission = "read" | "operate" | "use" | "edit" | "administer";

/** What a role permits. Editing a runbook never includes using an asset: a right on runbooks says nothing of assets. */
export const permissionsOfRole: Readonly<Record<RightsRole, readonly Permission[]>> = {
  reader: ["read"],
  operator: ["read", "operate", "use"],
  author: ["read", "operate", "use", "edit"],
  administrator: ["read", "operate", "use", "edit", "administer"],
};

/** What a permission is asked for. */
export type Target =
  | { kind: "everything" }
  /** `folderId` is null for runbooks that are in no folder. */
  | { kind: "runbook"; runbookId: string; folderId: string | null }
  | { kind: "folder"; folderId: string }
  | { kind: "asset"; assetKind: AssetKind; assetId: string }
  | { kind: "worker-group"; name: string };

/** A role held on a thing and what is in it. */
export interface Right {
  role: RightsRole;
  on: Target;
}

/** Whether a right on the one covers the other. */
export function covers(on: Target, target: Target): boolean {
  if (on.kind === "everything") {
    return true;
  }
  switch (target.kind) {
    case "everything":
      return false;
    case "runbook":
      return on.kind === "folder"
        ? on.folderId === target.folderId
        : on.kind === "runbook" && on.runbookId === target.runbookId;
    case "folder":
      return on.kind === "folder" && on.folderId === target.folderId;
    case "asset":
      return on.kind === "asset" && on.assetId === target.assetId;
    case "worker-group":
      return on.kind === "worker-group" && on.name.toLowerCase() === target.name.toLowerCase();
  }
}
