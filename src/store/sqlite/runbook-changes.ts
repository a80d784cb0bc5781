import { createHash } from "node:crypto";
import type { Analysis } from "../../contract/analysis.ts";
import { unfinishedAnalysisCodes } from "../../contract/analysis.ts";
import type { Placement } from "../../contract/api/placement.ts";
import type { RunbookSettings } from "../../contract/api/runbook.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import { idToBytes } from "../id-bytes.ts";
import type { RunbookChange } from "../operations/runbooks.ts";
import { attemptsOfKind, kindRefusal, noSuchRunbook, revisionMismatch } from "../runbook-refusals.ts";
import { mustFindFolder } from "./folders.ts";
import { changedPlacement, namesPlacement } from "./placements.ts";
import type { RunbookRow } from "./runbook-rows.ts";
import { findRunbook } from "./runbook-rows.ts";
import type { SqliteSession, SqlValue } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/* Steps that the writes of runbooks have in common. All run inside the caller's transaction. */

/**
 * The runbook that a change is about.
 * @throws UserError `runbook-not-found` (404), `revision-mismatch` (412).
 */
export function runbookToChange(session: SqliteSession, change: RunbookChange): RunbookRow {
  const row = findRunbook(session, change.runbook);
  if (row === undefined) {
    throw noSuchRunbook(change.runbook);
  }
  if (change.expectedRevision !== undefined && change.expectedRevision !== row.revision) {
    throw revisionMismatch(row, change.expectedRevision);
  }
  return row;
}

/** Notes who changed a runbook, and counts the change. */
export function noteChange(session: SqliteSession, runbookId: Uint8Array, changedBy: string): void {
  session.run(
    "UPDATE runbooks SET revision = revision + 1, modified_at = ?, modified_by = ? WHERE runbook_id = ?",
    session.now(),
    changedBy,
    runbookId,
  );
}

/** Columns of the settings, and how each is written; a placement has a row of its own. */
const settingColumns: {
  [Name in Exclude<keyof RunbookSettings, keyof Placement>]: (value: RunbookSettings[Name]) => Record<string, SqlValue>;
} = {
  description: (value) => ({ description: value }),
  tags: (value) => ({ tags: JSON.stringify(value) }),
  enabled: (value) => ({ enabled: Number(value) }),
  logs: (value) => ({
    log_verbose: Number(value.verbose),
    log_debug: Number(value.debug),
    log_progress: Number(value.progress),
  }),
  grants: (value) => ({ grants: JSON.stringify(value) }),
  isolation: (value) => ({ isolation: value }),
  shareCallers: (value) => ({ share_callers: Number(value) }),
  priority: (value) => ({ priority: value }),
  timeLimit: (value) => ({ time_limit: value }),
  startDeadline: (value) => ({ start_deadline: value }),
  concurrencyLimit: (value) => ({ concurrency_limit: value }),
  concurrencyPolicy: (value) => ({ concurrency_policy: value }),
  attempts: (value) => ({ attempts: value }),
  retries: (value) => ({ retries: value }),
  stopGrace: (value) => ({ stop_grace: value }),
  outputLimit: (value) => ({ output_limit: value }),
};

/** Writes the settings that are given; says whether there were any. Column names come from the table above, never from a caller. */
export function writeSettings(
  session: SqliteSession,
  runbookId: Uint8Array,
  settings: Partial<RunbookSettings>,
): boolean {
  const columns: Record<string, SqlValue> = {};
  for (const name of Object.keys(settingColumns) as (keyof typeof settingColumns)[]) {
    const value = settings[name];
    if (value !== undefined) {
      Object.assign(columns, (settingColumns[name] as (value: unknown) => Record<string, SqlValue>)(value));
    }
  }
  if (namesPlacement(settings)) {
    columns["placement_id"] = changedPlacement(session, runbookId, settings);
  }
  const names = Object.keys(columns);
  for (const name of names) {
    session.run(`UPDATE runbooks SET ${name} = ? WHERE runbook_id = ?`, columns[name] ?? null, runbookId);
  }
  return names.length > 0;
}

/** Puts a runbook into a folder, or names the principal that its jobs act as, where one is given; says whether there was anything. */
export function writePlace(
  session: SqliteSession,
  runbookId: Uint8Array,
  { folderId, runAs }: { folderId?: string | null; runAs?: string | null },
): boolean {
  if (folderId !== undefined) {
    const folder = folderId === null ? null : idToBytes(mustFindFolder(session, folderId).folderId);
    session.run("UPDATE runbooks SET folder_id = ? WHERE runbook_id = ?", folder, runbookId);
  }
  if (runAs !== undefined) {
    const principal = runAs === null ? null : idToBytes(runAs);
    session.run("UPDATE runbooks SET run_as = ? WHERE runbook_id = ?", principal, runbookId);
  }
  return folderId !== undefined || runAs !== undefined;
}

/**
 * Makes a text the runbook's draft. Gives false, and makes no version, when it is the draft already, or the published version
 * while there is no draft; a draft that waited for its analysis, or whose analysis did not come to its end, gets it then.
 */
export function writeDraft(
  session: SqliteSession,
  runbook: RunbookRow,
  draft: { kind: RunbookKind; source: Uint8Array; analysis: Analysis | null; changedBy: string },
): boolean {
  const kindChanges = writeKind(session, runbook, draft.kind);
  const contentHash = createHash("sha256").update(draft.source).digest();
  const current = runbook.draft_version_id ?? runbook.published_version_id;
  if (!kindChanges && current !== null && sameContent(session, current, contentHash)) {
    const reopened = reopenUnfinished(session, current);
    return draft.analysis === null ? reopened : writeAnalysis(session, current, draft.analysis);
  }
  const versionId = idToBytes(session.newId());
  const number = runbook.last_version_number + 1;
  session.run(
    `INSERT INTO runbook_versions
       (workspace_id, version_id, runbook_id, number, state, analysis, content_hash, created_at, created_by, source)
     VALUES (?, ?, ?, ?, 'draft', 'waiting', ?, ?, ?, ?)`,
    defaultWorkspace,
    versionId,
    runbook.runbook_id,
    number,
    contentHash,
    session.now(),
    draft.changedBy,
    draft.source,
  );
  if (draft.analysis !== null) {
    writeAnalysis(session, versionId, draft.analysis);
  }
  session.run(
    "UPDATE runbooks SET draft_version_id = ?, last_version_number = ? WHERE runbook_id = ?",
    versionId,
    number,
    runbook.runbook_id,
  );
  if (runbook.draft_version_id !== null) {
    dropDraft(session, runbook.runbook_id, runbook.draft_version_id);
  }
  return true;
}

/**
 * Makes a runbook that was never published of the kind of its new draft, where it is not yet.
 * @throws UserError `runbook-kind-differs` (409)
 */
function writeKind(session: SqliteSession, runbook: RunbookRow, kind: RunbookKind): boolean {
  const refusal = kindRefusal(runbook, kind);
  if (refusal !== null) {
    throw refusal;
  }
  if (runbook.kind === kind) {
    return false;
  }
  session.run(
    "UPDATE runbooks SET kind = ?, attempts = ? WHERE runbook_id = ?",
    kind,
    attemptsOfKind(runbook, kind),
    runbook.runbook_id,
  );
  return true;
}

/** Stores what an analysis found, once; false when the version is gone or has its analysis already. */
export function writeAnalysis(session: SqliteSession, versionId: Uint8Array, analysis: Analysis): boolean {
  const { executable } = analysis;
  return (
    session.run(
      `UPDATE runbook_versions
       SET analysis = 'done', signature = ?, problems = ?, needs = ?, synopsis = ?, executable = ?, executable_hash = ?,
         calls = ?
       WHERE version_id = ? AND analysis = 'waiting'`,
      JSON.stringify(analysis.signature),
      JSON.stringify(analysis.problems),
      JSON.stringify(analysis.needs),
      analysis.synopsis,
      executable,
      executable === null ? null : createHash("sha256").update(executable).digest(),
      analysis.calls === undefined ? null : JSON.stringify(analysis.calls),
      versionId,
    ) > 0
  );
}

/** Makes a draft wait again whose analysis timed out or crashed: that says nothing of its text. False when it did not. */
function reopenUnfinished(session: SqliteSession, versionId: Uint8Array): boolean {
  return (
    session.run(
      `UPDATE runbook_versions SET analysis = 'waiting', signature = NULL, problems = '[]'
       WHERE version_id = ?1 AND analysis = 'done' AND state = 'draft' AND EXISTS (
         SELECT 1 FROM json_each(problems)
         WHERE json_extract(value, '$.code') IN (SELECT value FROM json_each(?2)))`,
      versionId,
      JSON.stringify(unfinishedAnalysisCodes),
    ) > 0
  );
}

/** Lets a draft go that nothing points at any more; its text stays for as long as the runbook has open jobs, one of which may run it. */
export function dropDraft(session: SqliteSession, runbookId: Uint8Array, versionId: Uint8Array): void {
  session.run("UPDATE runbook_versions SET state = 'replaced' WHERE version_id = ?", versionId);
  session.run(
    `DELETE FROM runbook_versions
     WHERE runbook_id = ?1 AND state = 'replaced' AND NOT ${hasOpenJobs("?1")}`,
    runbookId,
  );
}

/** SQL: whether a runbook has jobs that have not ended. `runbook` is an expression of this program, never a caller's text. */
export function hasOpenJobs(runbook: string): string {
  return `(
    EXISTS (SELECT 1 FROM runbooks WHERE runbook_id = ${runbook} AND active_jobs > 0)
    OR EXISTS (SELECT 1 FROM jobs WHERE workspace_id = zeroblob(16) AND runbook_id = ${runbook} AND parked = 1)
  )`;
}

function sameContent(session: SqliteSession, versionId: Uint8Array, contentHash: Uint8Array): boolean {
  return (
    session.first(
      "SELECT 1 FROM runbook_versions WHERE version_id = ? AND content_hash = ?",
      versionId,
      contentHash,
    ) !== undefined
  );
}
