import { authorize, permits } from "../access/authorize.ts";
import type { Permission } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";
import type { Placement } from "../contract/api/placement.ts";
import { parseRunTarget } from "../contract/api/placement.ts";
import type { RunbookSettings } from "../contract/api/runbook.ts";
import type { Grant } from "../contract/grant.ts";
import { missingGrants } from "../language/needs.ts";
import { noSuchFolder } from "../store/folder-refusals.ts";
import type { StoredRunbook } from "../store/operations/runbooks.ts";
import type { Store } from "../store/store.ts";

const everything = { kind: "everything" } as const;

/** Whether a principal has a permission on a runbook. */
export function permitsRunbook(caller: Principal, permission: Permission, runbook: StoredRunbook): boolean {
  const { runbookId, folderId } = runbook;
  return permits(caller, permission, { kind: "runbook", runbookId, folderId });
}

/** @throws UserError `not-permitted` (403) */
export function authorizeRunbook(caller: Principal, permission: Permission, runbook: StoredRunbook): void {
  const { runbookId, folderId, name } = runbook;
  authorize(caller, permission, { kind: "runbook", runbookId, folderId }, `the runbook ${name}`);
}

/**
 * The folder that a caller puts a runbook into: who may edit the folder may, and out of all folders who may edit everything.
 * @param named id or path; null for none
 * @throws UserError `folder-not-found` (404), `not-permitted` (403)
 */
export async function folderToFill(
  store: Pick<Store, "read">,
  named: string | null,
  caller: Principal,
): Promise<string | null> {
  if (named === null) {
    authorize(caller, "edit", everything, "everything, which a runbook outside of all folders needs");
    return null;
  }
  const folder = await store.read.folder({ folder: named.normalize("NFC") });
  const target = { kind: "folder", folderId: folder?.folderId ?? "" } as const;
  if (folder === null || !permits(caller, "read", target)) {
    throw noSuchFolder(named);
  }
  authorize(caller, "edit", target, `the folder ${folder.name}`);
  return folder.folderId;
}

/**
 * Decides about settings that reach beyond the runbook: grants and shared hosts are given by administrators, and jobs are sent to the
 * workers of a group by those who may operate it.
 * @param former as they are now; null for a new runbook
 * @throws UserError `not-permitted` (403)
 */
export async function authorizeSettings(
  store: Pick<Store, "read">,
  settings: Partial<RunbookSettings>,
  former: Pick<RunbookSettings, "grants" | "isolation" | "shareCallers" | keyof Placement> | null,
  caller: Principal,
): Promise<void> {
  if (permits(caller, "administer", everything)) {
    return;
  }
  const { grants = [], isolation = "job", shareCallers = false } = settings;
  authorizeGrants(grants, former?.grants ?? [], caller);
  const sharesMore =
    (isolation === "runbook" && former?.isolation !== "runbook") || (shareCallers && former?.shareCallers !== true);
  if (sharesMore) {
    authorize(caller, "administer", everything, "whether jobs share hosts");
  }
  const known = new Set([...(former?.runOn ?? []), ...(former?.standBys ?? [])].map((text) => text.toLowerCase()));
  for (const text of [...(settings.runOn ?? []), ...(settings.standBys ?? [])]) {
    const target = known.has(text.toLowerCase()) ? null : parseRunTarget(text);
    if (target !== null) {
      const group = target.kind === "group" ? target.name : await groupOf(store, target.name);
      authorize(caller, "operate", { kind: "worker-group", name: group ?? "" }, `the workers of ${text}`);
    }
  }
}

/** Only administrators grant more than is granted. @throws UserError `not-permitted` (403) */
export function authorizeGrants(grants: readonly Grant[], former: readonly Grant[], caller: Principal): void {
  if (missingGrants(grants, former).length > 0) {
    authorize(caller, "administer", everything, "what runbooks are granted");
  }
}

async function groupOf(store: Pick<Store, "read">, worker: string): Promise<string | null> {
  return (await store.read.workerByName({ name: worker }))?.group ?? null;
}
