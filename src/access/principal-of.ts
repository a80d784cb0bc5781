import type { ActingPrincipal } from "../store/operations/access.ts";
import type { HeldRight } from "../store/operations/rights.ts";
import type { AssetKind, Right, Target } from "./permission.ts";
import type { Principal } from "./principal.ts";
import { roles } from "./principal.ts";

/**
 * A principal as the store has it, as one that acts. The right "administrator of everything" makes an administrator, as the role does;
 * a worker is never more than a worker, whatever somebody may have given it.
 */
export function principalOf(stored: ActingPrincipal): Principal {
  const { principalId, kind, name, groupIds } = stored;
  const isWorker = kind === "worker";
  const rights = isWorker ? [] : stored.rights.flatMap(rightOf);
  const rules = rights.some(({ role, on }) => role === "administrator" && on.kind === "everything");
  return {
    principalId,
    kind,
    name,
    roles: roles.filter((role) => stored.roles.includes(role) || (role === "administrator" && rules)),
    rights,
    groupIds,
  };
}

function rightOf({ role, ...on }: HeldRight): Right[] {
  const target = targetOf(on);
  return target === null ? [] : [{ role, on: target }];
}

/** Null for what a later version may have stored: what is not understood permits nothing. */
function targetOf({ scope, id, name, assetKind }: Omit<HeldRight, "role">): Target | null {
  switch (scope) {
    case "everything":
      return { kind: "everything" };
    case "folder":
      return id === null ? null : { kind: "folder", folderId: id };
    case "runbook":
      return id === null ? null : { kind: "runbook", runbookId: id, folderId: null };
    case "asset":
      return id === null ? null : { kind: "asset", assetKind: assetKind as AssetKind, assetId: id };
    case "worker-group":
      return name === null ? null : { kind: "worker-group", name };
    default:
      return null;
  }
}
