import { defaultPlacement } from "../../contract/api/placement.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import { defaultAttempts, hostKindOf } from "../../contract/runbook-kind.ts";
import { defaultOutputLimit, defaultStopGrace } from "../../contract/session-limits.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { RunbookWrites, StoredRunbook } from "../operations/runbooks.ts";
import { noDraft, notPublished, runbookExists, runbookHasOpenJobs } from "../runbook-refusals.ts";
import { storePlacement } from "./placements.ts";
import { dropRightsOn } from "./rights.ts";
import {
  dropDraft,
  hasOpenJobs,
  noteChange,
  runbookToChange,
  writeAnalysis,
  writeDraft,
  writePlace,
  writeSettings,
} from "./runbook-changes.ts";
import { publishDraft } from "./runbook-publish.ts";
import type { RunbookRow } from "./runbook-rows.ts";
import { findRunbook, toRunbook } from "./runbook-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

export function runbookWrites(session: SqliteSession): RunbookWrites {
  return {
    importRunbook: (runbook) => importRunbook(session, runbook),

    saveDraft: (draft) => {
      const runbook = runbookToChange(session, draft);
      if (writeDraft(session, runbook, draft)) {
        noteChange(session, runbook.runbook_id, draft.changedBy);
      }
      return read(session, runbook);
    },

    saveAnalysis: ({ versionId, analysis }) => {
      const saved = writeAnalysis(session, idToBytes(versionId), analysis);
      if (saved) {
        // The resource shows the analysis, so its ETag has to change; nobody changed the runbook, so the rest stays.
        session.run(
          `UPDATE runbooks SET revision = revision + 1
           WHERE runbook_id = (SELECT runbook_id FROM runbook_versions WHERE version_id = ?)`,
          idToBytes(versionId),
        );
      }
      return saved;
    },

    publishRunbook: (of) => {
      const runbook = runbookToChange(session, of);
      publishDraft(session, runbook, of.draftVersionId);
      if (of.grants !== undefined) {
        writeSettings(session, runbook.runbook_id, { grants: of.grants });
      }
      writePlace(session, runbook.runbook_id, of.runAs === undefined ? {} : { runAs: of.runAs });
      noteChange(session, runbook.runbook_id, of.changedBy);
      return read(session, runbook);
    },

    discardDraft: (of) => {
      const runbook = runbookToChange(session, of);
      if (runbook.draft_version_id === null) {
        throw noDraft(runbook);
      }
      if (runbook.published_version_id === null) {
        throw notPublished(runbook);
      }
      session.run("UPDATE runbooks SET draft_version_id = NULL WHERE runbook_id = ?", runbook.runbook_id);
      dropDraft(session, runbook.runbook_id, runbook.draft_version_id);
      noteChange(session, runbook.runbook_id, of.changedBy);
      return read(session, runbook);
    },

    changeRunbook: (change) => {
      const runbook = runbookToChange(session, change);
      const settingsChanged = writeSettings(session, runbook.runbook_id, change.settings);
      if (writePlace(session, runbook.runbook_id, change) || settingsChanged) {
        noteChange(session, runbook.runbook_id, change.changedBy);
      }
      return read(session, runbook);
    },

    deleteRunbook: (of) => {
      const runbook = runbookToChange(session, of);
      const deleted = session.run(
        `DELETE FROM runbooks WHERE runbook_id = ?1 AND NOT ${hasOpenJobs("?1")}`,
        runbook.runbook_id,
      );
      if (deleted === 0) {
        throw runbookHasOpenJobs(runbook);
      }
      session.run("DELETE FROM runbook_tags WHERE runbook_id = ?", runbook.runbook_id);
      dropRightsOn(session, { scope: "runbook", id: bytesToId(runbook.runbook_id), name: null });
      session.run(
        "DELETE FROM dispatch_holds WHERE workspace_id = ? AND scope = 'runbook' AND subject = ?",
        defaultWorkspace,
        bytesToId(runbook.runbook_id),
      );
    },

    purgeReplacedDrafts: ({ limit }) =>
      session.run(
        `DELETE FROM runbook_versions WHERE version_id IN (
           SELECT v.version_id FROM runbook_versions v
           WHERE v.state = 'replaced' AND NOT ${hasOpenJobs("v.runbook_id")} LIMIT ?)`,
        limit,
      ),
  };
}

function importRunbook(
  session: SqliteSession,
  runbook: Parameters<RunbookWrites["importRunbook"]>[0],
): ReturnType<RunbookWrites["importRunbook"]> {
  const place = runbook.folderId === undefined ? {} : { folderId: runbook.folderId };
  const existing = session.first<RunbookRow>(
    "SELECT * FROM runbooks WHERE workspace_id = ? AND name = ?",
    defaultWorkspace,
    runbook.name,
  );
  if (existing === undefined) {
    const created = createRunbook(session, runbook);
    writeDraft(session, created, runbook);
    writeSettings(session, created.runbook_id, { ...runbook.defaults, ...runbook.settings });
    writePlace(session, created.runbook_id, place);
    return { runbook: read(session, created), created: true };
  }
  if (!runbook.overwrite) {
    throw runbookExists(existing);
  }
  const draftChanged = writeDraft(session, existing, runbook);
  const settingsChanged = writeSettings(session, existing.runbook_id, runbook.settings);
  const placeChanged = writePlace(session, existing.runbook_id, place);
  if (draftChanged || settingsChanged || placeChanged) {
    noteChange(session, existing.runbook_id, runbook.changedBy);
  }
  return { runbook: read(session, existing), created: false };
}

function createRunbook(
  session: SqliteSession,
  { name, kind, changedBy }: { name: string; kind: RunbookKind; changedBy: string },
): RunbookRow {
  const runbookId = session.newId();
  const now = session.now();
  session.run(
    `INSERT INTO runbooks
       (workspace_id, runbook_id, name, kind, placement_id, attempts, stop_grace, output_limit, created_at, modified_at,
        modified_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(runbookId),
    name,
    kind,
    storePlacement(session, hostKindOf[kind], defaultPlacement),
    defaultAttempts[kind],
    defaultStopGrace,
    defaultOutputLimit,
    now,
    now,
    changedBy,
  );
  return reread(session, runbookId);
}

function read(session: SqliteSession, runbook: RunbookRow): StoredRunbook {
  return toRunbook(session, reread(session, bytesToId(runbook.runbook_id)));
}

function reread(session: SqliteSession, runbookId: string): RunbookRow {
  const row = findRunbook(session, runbookId);
  if (row === undefined) {
    throw new Error(`The runbook ${runbookId} is gone in its own transaction.`);
  }
  return row;
}
