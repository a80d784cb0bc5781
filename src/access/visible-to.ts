import { permissionsOfRole } from "./permission.ts";
import type { Principal } from "./principal.ts";

/** What a list may show; null where it may show everything. */
export interface Visible {
  /** Folders whose runbooks, with their jobs and what else is theirs, may be shown. */
  folderIds: readonly string[];
  /** Further runbooks. */
  runbookIds: readonly string[];
  /** In lower case. */
  workerGroups: readonly string[];
  assetIds: readonly string[];
}

const remembered = new WeakMap<Principal, Visible | null>();

/** What a principal may read: null for everything. */
export function visibleTo(principal: Principal): Visible | null {
  let visible = remembered.get(principal);
  if (visible === undefined) {
    visible = visibleNow(principal);
    remembered.set(principal, visible);
  }
  return visible;
}

function visibleNow({ roles, rights }: Principal): Visible | null {
  const readable = rights.filter(({ role }) => permissionsOfRole[role].includes("read")).map(({ on }) => on);
  if (roles.includes("administrator") || readable.some(({ kind }) => kind === "everything")) {
    return null;
  }
  const each = (ids: readonly string[]) => [...new Set(ids)];
  return {
    folderIds: each(readable.flatMap((on) => (on.kind === "folder" ? [on.folderId] : []))),
    runbookIds: each(readable.flatMap((on) => (on.kind === "runbook" ? [on.runbookId] : []))),
    workerGroups: each(readable.flatMap((on) => (on.kind === "worker-group" ? [on.name.toLowerCase()] : []))),
    assetIds: each(readable.flatMap((on) => (on.kind === "asset" ? [on.assetId] : []))),
  };
}
