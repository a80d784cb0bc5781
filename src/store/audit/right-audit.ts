import type { FolderWrites, StoredFolder } from "../operations/folders.ts";
import type { RightWrites, StoredRight } from "../operations/rights.ts";
import type { AuditRules, ThingKind, ToldChange } from "./audit-rule.ts";
import { changeOf } from "./audit-rule.ts";

const folder: ThingKind<StoredFolder> = {
  kind: "folder",
  id: ({ folderId }) => folderId,
  name: ({ name }) => name,
};

/** Rights are told of who has them. */
function rightTold(action: "give-right" | "take-right", right: StoredRight): ToldChange {
  const { scope, id, name, assetKind } = right.on;
  const told = {
    role: right.role,
    scope,
    ...(assetKind !== null && { assetKind }),
    ...(id !== null && { onId: id }),
    ...(name !== null && { on: name }),
  };
  return {
    action,
    kind: "principal",
    id: right.principalId,
    name: right.principalName,
    before: action === "give-right" ? null : told,
    after: action === "give-right" ? told : null,
  };
}

export const rightAudit: AuditRules<RightWrites & FolderWrites> = {
  giveRight: { tell: ({ result: { right } }) => rightTold("give-right", right) },
  takeRight: { tell: ({ result }) => (result === null ? null : rightTold("take-right", result)) },
  createFolder: changeOf(folder, (_, result) =>
    result === undefined ? null : { read: "folder", of: { folder: result.folderId } },
  ),
  removeFolder: changeOf(folder, (of) => ({ read: "folder", of: { folder: of.folder } })),
};
