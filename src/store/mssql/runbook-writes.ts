import { defaultPlacement } from "../../contract/api/placement.ts";
import type { Problem } from "../../contract/problem.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import { defaultAttempts, hostKindOf } from "../../contract/runbook-kind.ts";
import { defaultOutputLimit, defaultStopGrace } from "../../contract/session-limits.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
import type { RunbookWrites, StoredRunbook } from "../operations/runbooks.ts";
import {
  analysisWaiting,
  draftChanged,
  hasProblems,
  noDraft,
  notPublished,
  runbookExists,
  runbookHasOpenJobs,
} from "../runbook-refusals.ts";
import type { Asynchronous } from "../store.ts";
import { storePlacement } from "./placements.ts";
import { dropRightsOn } from "./rights.ts";
import {
  dropDraft,
  hasOpenJobs,
  lockRunbookByName,
  noteChange,
  runbookToChange,
  writeAnalysis,
  writeDraft,
  writePlace,
  writeSettings,
} from "./runbook-changes.ts";
import type { RunbookRow } from "./runbook-rows.ts";
import { findRunbook, toRunbooks } from "./runbook-rows.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bigint, id, idBytes, int } from "./sql-values.ts";

export const runbookWriteRules: WriteRules<RunbookWrites> = {
  importRunbook: "kept",
  saveDraft: "kept",
  saveAnalysis: "kept",
  publishRunbook: "kept",
  discardDraft: "kept",
  changeRunbook: "kept",
  deleteRunbook: "kept",
  purgeReplacedDrafts: "single",
};

export function runbookWrites(session: MssqlSession): Asynchronous<RunbookWrites> {
  return {
    importRunbook: (runbook) => importRunbook(session, runbook),

    saveDraft: async (draft) => {
      const runbook = await runbookToChange(session, draft);
      if (await writeDraft(session, runbook, draft)) {
        await noteChange(session, runbook.runbook_id, draft.changedBy);
      }
      return read(session, runbook.runbook_id);
    },

    saveAnalysis: async ({ versionId, analysis }) => {
      // The resource shows the analysis, so its ETag has to change; nobody changed the runbook, so the rest stays. First, as in
      // every change, so that they come one after the other.
      await session.run(
        `UPDATE r SET revision = r.revision + 1
         FROM runsmith.runbooks AS r JOIN runsmith.runbook_versions AS v ON v.runbook_id = r.runbook_id
         WHERE v.version_id = @version_id AND v.analysis = N'waiting'`,
        { version_id: id(versionId) },
      );
      return writeAnalysis(session, idToBytes(versionId), analysis);
    },

    publishRunbook: async (of) => {
      const runbook = await runbookToChange(session, of);
      await publishDraft(session, runbook, of.draftVersionId);
      if (of.grants !== undefined) {
        await writeSettings(session, runbook, { grants: of.grants });
      }
      await writePlace(session, runbook.runbook_id, of.runAs === undefined ? {} : { runAs: of.runAs });
      await noteChange(session, runbook.runbook_id, of.changedBy);
      return read(session, runbook.runbook_id);
    },

    discardDraft: async (of) => {
      const runbook = await runbookToChange(session, of);
      if (runbook.draft_version_id === null) {
        throw noDraft(runbook);
      }
      if (runbook.published_version_id === null) {
        throw notPublished(runbook);
      }
      await session.run("UPDATE runsmith.runbooks SET draft_version_id = NULL WHERE runbook_id = @runbook_id", {
        runbook_id: idBytes(runbook.runbook_id),
      });
      await dropDraft(session, runbook.runbook_id, runbook.draft_version_id);
      await noteChange(session, runbook.runbook_id, of.changedBy);
      return read(session, runbook.runbook_id);
    },

    changeRunbook: async (change) => {
      const runbook = await runbookToChange(session, change);
      const settingsChange = await writeSettings(session, runbook, change.settings);
      if ((await writePlace(session, runbook.runbook_id, change)) || settingsChange) {
        await noteChange(session, runbook.runbook_id, change.changedBy);
      }
      return read(session, runbook.runbook_id);
    },

    deleteRunbook: async (of) => {
      const runbook = await runbookToChange(session, of);
      // An acceptance under way holds the runbook's row: its job may not be seen yet, but its place is counted.
      const deleted = await session.run(
        `DELETE FROM runsmith.runbooks
         WHERE runbook_id = @runbook_id AND active_jobs = 0 AND NOT ${hasOpenJobs("@runbook_id")}`,
        { runbook_id: idBytes(runbook.runbook_id) },
      );
      if (deleted === 0) {
        throw runbookHasOpenJobs(runbook);
      }
      await session.run("DELETE FROM runsmith.runbook_tags WHERE runbook_id = @runbook_id", {
        runbook_id: idBytes(runbook.runbook_id),
      });
      await session.run(
        "DELETE FROM runsmith.dispatch_holds WHERE workspace_id = @workspace_id AND scope = N'runbook' AND subject = @subject",
        { workspace_id: id(defaultWorkspace), subject: bytesToId(runbook.runbook_id) },
      );
      await dropRightsOn(session, { scope: "runbook", id: bytesToId(runbook.runbook_id), name: null });
    },

    purgeReplacedDrafts: ({ limit }) =>
      session.run(
        `DELETE FROM runsmith.runbook_versions WHERE version_id IN (
           SELECT TOP (@limit) v.version_id FROM runsmith.runbook_versions AS v
           WHERE v.state = N'replaced' AND NOT ${hasOpenJobs("v.runbook_id")})`,
        { limit },
      ),
  };
}

async function importRunbook(
  session: MssqlSession,
  runbook: Parameters<RunbookWrites["importRunbook"]>[0],
): Promise<{ runbook: StoredRunbook; created: boolean }> {
  const place = runbook.folderId === undefined ? {} : { folderId: runbook.folderId };
  const existing = await lockRunbookByName(session, runbook.name);
  if (existing === undefined) {
    const created = await createRunbook(session, runbook);
    if (created === "taken") {
      // Another service made it in this moment.
      return importRunbook(session, runbook);
    }
    await writeDraft(session, created, runbook);
    await writeSettings(session, created, { ...runbook.defaults, ...runbook.settings });
    await writePlace(session, created.runbook_id, place);
    return { runbook: await read(session, created.runbook_id), created: true };
  }
  if (!runbook.overwrite) {
    throw runbookExists(existing);
  }
  const draftChanges = await writeDraft(session, existing, runbook);
  const settingsChange = await writeSettings(session, existing, runbook.settings);
  const placeChanges = await writePlace(session, existing.runbook_id, place);
  if (draftChanges || settingsChange || placeChanges) {
    await noteChange(session, existing.runbook_id, runbook.changedBy);
  }
  return { runbook: await read(session, existing.runbook_id), created: false };
}

async function createRunbook(
  session: MssqlSession,
  { name, kind, changedBy }: { name: string; kind: RunbookKind; changedBy: string },
): Promise<RunbookRow | "taken"> {
  const runbookId = newId();
  const placementId = await storePlacement(session, hostKindOf[kind], defaultPlacement);
  try {
    await session.run(
      `INSERT INTO runsmith.runbooks
         (workspace_id, runbook_id, name, kind, placement_id, attempts, stop_grace, output_limit, created_at, modified_at,
          modified_by)
       SELECT @workspace_id, @runbook_id, @name, @kind, @placement_id, @attempts, @stop_grace, @output_limit, c.now, c.now,
         @changed_by
       FROM (SELECT CAST(SYSUTCDATETIME() AS datetime2(3)) AS now) AS c`,
      {
        workspace_id: id(defaultWorkspace),
        runbook_id: id(runbookId),
        name,
        kind,
        placement_id: id(placementId),
        attempts: int(defaultAttempts[kind]),
        stop_grace: bigint(defaultStopGrace),
        output_limit: bigint(defaultOutputLimit),
        changed_by: changedBy,
      },
    );
  } catch (error) {
    if (isDuplicate(error)) {
      return "taken";
    }
    throw error;
  }
  return reread(session, runbookId);
}

/**
 * Makes the draft the published version, and the one published before history.
 * @throws UserError `runbook-has-no-draft`, `draft-changed`, `analysis-waiting` (409), `runbook-has-problems` (422).
 */
async function publishDraft(
  session: MssqlSession,
  runbook: RunbookRow,
  seenDraftId: string | undefined,
): Promise<void> {
  const { draft_version_id: draftId, published_version_id: publishedId } = runbook;
  if (draftId === null) {
    throw noDraft(runbook);
  }
  if (seenDraftId !== undefined && seenDraftId !== bytesToId(draftId)) {
    throw draftChanged(runbook);
  }
  await refuseUnfit(session, runbook, draftId);
  if (publishedId !== null) {
    await session.run("UPDATE runsmith.runbook_versions SET state = N'former' WHERE version_id = @version_id", {
      version_id: idBytes(publishedId),
    });
  }
  await session.run(
    `UPDATE runsmith.runbook_versions
     SET state = N'published', published_at = CAST(SYSUTCDATETIME() AS datetime2(3)) WHERE version_id = @version_id`,
    { version_id: idBytes(draftId) },
  );
  await session.run(
    `UPDATE runsmith.runbooks SET published_version_id = @version_id, draft_version_id = NULL
     WHERE runbook_id = @runbook_id`,
    { version_id: idBytes(draftId), runbook_id: idBytes(runbook.runbook_id) },
  );
}

async function refuseUnfit(session: MssqlSession, runbook: RunbookRow, draftId: Uint8Array): Promise<void> {
  const draft = await session.first<{ analysis: string; problems: string; executable_hash: Uint8Array | null }>(
    "SELECT analysis, problems, executable_hash FROM runsmith.runbook_versions WHERE version_id = @version_id",
    { version_id: idBytes(draftId) },
  );
  if (draft?.analysis !== "done") {
    throw analysisWaiting(runbook);
  }
  const errors = (JSON.parse(draft.problems) as Problem[]).filter(({ severity }) => severity === "error");
  if (errors.length > 0 || draft.executable_hash === null) {
    throw hasProblems(runbook, errors);
  }
}

async function read(session: MssqlSession, runbookId: Uint8Array): Promise<StoredRunbook> {
  const [runbook] = await toRunbooks(session, [await reread(session, bytesToId(runbookId))]);
  if (runbook === undefined) {
    throw new Error(`The runbook ${bytesToId(runbookId)} is gone in its own transaction.`);
  }
  return runbook;
}

async function reread(session: MssqlSession, runbookId: string): Promise<RunbookRow> {
  const row = await findRunbook(session, runbookId);
  if (row === undefined) {
    throw new Error(`The runbook ${runbookId} is gone in its own transaction.`);
  }
  return row;
}
