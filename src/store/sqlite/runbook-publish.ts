import type { Problem } from "../../contract/problem.ts";
import { UserError } from "../../contract/user-error.ts";
import { idToBytes } from "../id-bytes.ts";
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
    throw new UserError("draft-changed", `The draft of the runbook ${runbook.name} was replaced in the meantime.`, {
      status: 409,
      remedy: "Look at the new draft, then publish again.",
    });
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

/** The error for a runbook without a draft. */
export function noDraft(runbook: RunbookRow): UserError {
  return new UserError("runbook-has-no-draft", `The runbook ${runbook.name} has no draft.`, {
    status: 409,
    remedy: "Import a changed text first; it becomes the draft.",
  });
}

function refuseUnfit(session: SqliteSession, runbook: RunbookRow, draftId: Uint8Array): void {
  const draft = session.first<{ analysis: string; problems: string; runs: number }>(
    "SELECT analysis, problems, executable_hash IS NOT NULL AS runs FROM runbook_versions WHERE version_id = ?",
    draftId,
  );
  if (draft?.analysis !== "done") {
    throw new UserError("analysis-waiting", `The draft of the runbook ${runbook.name} has not been analysed yet.`, {
      status: 409,
      remedy:
        runbook.kind === "TypeScript"
          ? "It is being analysed; publish in a moment."
          : `It is analysed as soon as a worker that can read ${runbook.kind} is connected (\`runsmith get-worker\`); publish then.`,
    });
  }
  const errors = (JSON.parse(draft.problems) as Problem[]).filter(({ severity }) => severity === "error");
  if (errors.length > 0 || draft.runs === 0) {
    throw new UserError("runbook-has-problems", `The draft of the runbook ${runbook.name} cannot run as it is.`, {
      status: 422,
      remedy: "Mend the script where the problems are, import it again with --overwrite, then publish.",
      errors: errors.map(({ line, column, message }, index) => ({
        pointer: `/problems/${index}`,
        message: `Line ${line}, column ${column}: ${message}`,
      })),
    });
  }
}
