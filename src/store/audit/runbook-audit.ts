import type { RunbookWrites, StoredRunbook, StoredRunbookVersion } from "../operations/runbooks.ts";
import type { AuditRules, ThingKind } from "./audit-rule.ts";
import { changeOf, notAudited } from "./audit-rule.ts";

const runbook: ThingKind<StoredRunbook> = {
  kind: "runbook",
  id: ({ runbookId }) => runbookId,
  name: ({ name }) => name,
  facts: ({ draft, published, revision, createdAt, modifiedAt, modifiedBy, ...settings }) => ({
    ...settings,
    draft: textOf(draft),
    published: textOf(published),
  }),
};

/** Which text it is: the texts themselves are kept as versions. */
function textOf(version: StoredRunbookVersion | null) {
  return version === null
    ? null
    : { number: version.number, size: version.size, sha256: version.contentHash, createdBy: version.createdBy };
}

const named = ({ runbook }: { runbook: string }) => ({ read: "runbook", of: { runbook } }) as const;

export const runbookAudit: AuditRules<RunbookWrites> = {
  importRunbook: changeOf(runbook, ({ name }) => named({ runbook: name }), "import"),
  saveDraft: changeOf(runbook, named, "save-draft"),
  saveAnalysis: notAudited("it is what the service found in a text; the saving of the text is audited"),
  publishRunbook: changeOf(runbook, named, "publish"),
  discardDraft: changeOf(runbook, named, "discard-draft"),
  changeRunbook: changeOf(runbook, named),
  deleteRunbook: changeOf(runbook, named),
  purgeReplacedDrafts: notAudited("the service clears texts away that nobody can see any more"),
};
