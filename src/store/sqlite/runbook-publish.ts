import type { Problem } from "../../contract/problem.ts";
import { idToBytes } from "../id-bytes.ts";
import { analysisWaiting, draftChanged, hasProblems, noDraft } from "../runbook-refusals.ts";
import type { RunbookRow } from "./runbook-rows.ts";
import type { SqliteSession } from "./session.ts";

/**
 * Makes the draft the published version, and the one published before history.
 * @throws UserError `runbook-has-no-draft`, `draft-changed`, `analysis-waiting` (409), `runbook-has-problems` (422).
 */
export function publishDraft(session: SqliteSession, runbook: RunbookRow, seenDraftId: string | undefined): void {
  const { draft_version_id: draftId, published_version_id: publishedId } = runbook;
  if (draftId === null) {
    throw noDraft(runbook);
  }
  if (seenDraftId !== undefined && Buffer.compare(idToBytes(seenDraftId), draftId) !== 0) {
    throw draftChanged(runbook);
  }
  refuseUnfit(session, runbook, draftId);
  if (publishedId !== null) {
    session.run("UPDATE runbook_versions SET state = 'former' WHERE version_id = ?", publishedId);
  }
  session.run(
    "UPDATE runbook_versions SET state = 'published', published_at = ? WHERE version_id = ?",
    session.now(),
    draftId,
  );
  session.run(
    "UPDATE runbooks SET published_version_id = ?, draft_version_id = NULL WHERE runbook_id = ?",
    draftId,
    runbook.runbook_id,
  );
}

function refuseUnfit(session: SqliteSession, runbook: RunbookRow, draftId: Uint8Array): void {
  const draft = session.first<{ analysis: string; problems: string; runs: number }>(
    "SELECT analysis, problems, executable_hash IS NOT NULL AS runs FROM runbook_versions WHERE version_id = ?",
    draftId,
  );
  if (draft?.analysis !== "done") {
    throw analysisWaiting(runbook);
  }
  const errors = (JSON.parse(draft.problems) as Problem[]).filter(({ severity }) => severity === "error");
  if (errors.length > 0 || draft.runs === 0) {
    throw hasProblems(runbook, errors);
  }
}
