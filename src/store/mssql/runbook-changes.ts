import { createHash } from "node:crypto";
import type { Analysis } from "../../contract/analysis.ts";
import { unfinishedAnalysisCodes } from "../../contract/analysis.ts";
import type { RunbookSettings } from "../../contract/api/runbook.ts";
import { isId } from "../../contract/id.ts";
import type { Problem } from "../../contract/problem.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import { hostKindOf } from "../../contract/runbook-kind.ts";
import { idToBytes } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
import type { RunbookChange } from "../operations/runbooks.ts";
import { attemptsOfKind, kindRefusal, noSuchRunbook, revisionMismatch } from "../runbook-refusals.ts";
import { mustFindFolder } from "./folders.ts";
import { storePlacement } from "./placements.ts";
import type { RunbookRow } from "./runbook-rows.ts";
import { findRunbook, toRunbooks } from "./runbook-rows.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { bigint, bytes, id, idBytes, int, json, text } from "./sql-values.ts";

/*
 * Steps that the writes of runbooks have in common. All run inside the caller's transaction, which has the runbook's row locked: the
 * first thing a change does is an update of that row which changes nothing, so that changes of one runbook come one after the other.
 */

/**
 * The runbook that a change is about, locked.
 * @throws UserError `runbook-not-found` (404), `revision-mismatch` (412).
 */
export async function runbookToChange(session: MssqlSession, change: RunbookChange): Promise<RunbookRow> {
  const row = await lockRunbook(session, change.runbook);
  if (row === undefined) {
    throw noSuchRunbook(change.runbook);
  }
  if (change.expectedRevision !== undefined && change.expectedRevision !== row.revision) {
    throw revisionMismatch(row, change.expectedRevision);
  }
  return row;
}

/** Locks a runbook, by its id or its name, until the transaction ends; undefined when there is none. */
async function lockRunbook(session: MssqlSession, runbook: string): Promise<RunbookRow | undefined> {
  const wanted = runbook.toLowerCase();
  if (isId(wanted)) {
    const locked = await session.run(
      "UPDATE runsmith.runbooks SET revision = revision WHERE runbook_id = @runbook_id",
      {
        runbook_id: id(wanted),
      },
    );
    if (locked > 0) {
      return findRunbook(session, wanted);
    }
  }
  return lockRunbookByName(session, runbook);
}

/** Locks the runbook of this name; undefined when there is none. */
export async function lockRunbookByName(session: MssqlSession, name: string): Promise<RunbookRow | undefined> {
  const locked = await session.run(
    "UPDATE runsmith.runbooks SET revision = revision WHERE workspace_id = @workspace_id AND name = @name",
    { workspace_id: id(defaultWorkspace), name },
  );
  return locked === 0 ? undefined : findRunbook(session, name);
}

/** Notes who changed a runbook, and counts the change. */
export async function noteChange(session: MssqlSession, runbookId: Uint8Array, changedBy: string): Promise<void> {
  await session.run(
    `UPDATE runsmith.runbooks
     SET revision = revision + 1, modified_at = CAST(SYSUTCDATETIME() AS datetime2(3)), modified_by = @modified_by
     WHERE runbook_id = @runbook_id`,
    { runbook_id: idBytes(runbookId), modified_by: changedBy },
  );
}

/** Puts a runbook into a folder, or names the principal that its jobs act as, where one is given; says whether there was anything. */
export async function writePlace(
  session: MssqlSession,
  runbookId: Uint8Array,
  { folderId, runAs }: { folderId?: string | null; runAs?: string | null },
): Promise<boolean> {
  if (folderId !== undefined) {
    const folder = folderId === null ? null : (await mustFindFolder(session, folderId)).folderId;
    await session.run("UPDATE runsmith.runbooks SET folder_id = @folder_id WHERE runbook_id = @runbook_id", {
      folder_id: id(folder),
      runbook_id: idBytes(runbookId),
    });
  }
  if (runAs !== undefined) {
    await session.run("UPDATE runsmith.runbooks SET run_as = @run_as WHERE runbook_id = @runbook_id", {
      run_as: id(runAs),
      runbook_id: idBytes(runbookId),
    });
  }
  return folderId !== undefined || runAs !== undefined;
}

/** Writes the settings that are given; says whether there were any. */
export async function writeSettings(
  session: MssqlSession,
  runbook: RunbookRow,
  settings: Partial<RunbookSettings>,
): Promise<boolean> {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  if (Object.keys(given).length === 0) {
    return false;
  }
  const [before] = await toRunbooks(session, [runbook]);
  if (before === undefined) {
    throw new Error(`The runbook ${runbook.name} is gone in its own transaction.`);
  }
  const after: RunbookSettings = { ...before, ...given };
  await session.run(
    `UPDATE runsmith.runbooks
     SET description = @description, tags = @tags, enabled = @enabled, log_verbose = @log_verbose, log_debug = @log_debug,
       log_progress = @log_progress, grants = @grants, isolation = @isolation, share_callers = @share_callers,
       placement_id = @placement_id, priority = @priority, time_limit = @time_limit, start_deadline = @start_deadline,
       concurrency_limit = @concurrency_limit, concurrency_policy = @concurrency_policy, attempts = @attempts, retries = @retries,
       stop_grace = @stop_grace, output_limit = @output_limit
     WHERE runbook_id = @runbook_id`,
    {
      runbook_id: idBytes(runbook.runbook_id),
      description: after.description,
      tags: json(after.tags),
      enabled: after.enabled,
      log_verbose: after.logs.verbose,
      log_debug: after.logs.debug,
      log_progress: after.logs.progress,
      grants: json(after.grants),
      isolation: after.isolation,
      share_callers: after.shareCallers,
      placement_id: id(await storePlacement(session, hostKindOf[runbook.kind], after)),
      priority: int(after.priority),
      time_limit: bigint(after.timeLimit),
      start_deadline: bigint(after.startDeadline),
      concurrency_limit: int(after.concurrencyLimit),
      concurrency_policy: after.concurrencyPolicy,
      attempts: int(after.attempts),
      retries: int(after.retries),
      stop_grace: bigint(after.stopGrace),
      output_limit: bigint(after.outputLimit),
    },
  );
  return true;
}

/**
 * Makes a text the runbook's draft. Gives false, and makes no version, when it is the draft already, or the published version
 * while there is no draft; a draft that waited for its analysis, or whose analysis did not come to its end, gets it then.
 */
export async function writeDraft(
  session: MssqlSession,
  runbook: RunbookRow,
  draft: { kind: RunbookKind; source: Uint8Array; analysis: Analysis | null; changedBy: string },
): Promise<boolean> {
  const kindChanges = await writeKind(session, runbook, draft.kind);
  const contentHash = createHash("sha256").update(draft.source).digest();
  const current = runbook.draft_version_id ?? runbook.published_version_id;
  if (!kindChanges && current !== null && (await sameContent(session, current, contentHash))) {
    const reopened = await reopenUnfinished(session, current);
    return draft.analysis === null ? reopened : writeAnalysis(session, current, draft.analysis);
  }
  const versionId = idToBytes(newId());
  const number = runbook.last_version_number + 1;
  await session.run(
    `INSERT INTO runsmith.runbook_versions
       (workspace_id, version_id, runbook_id, number, state, analysis, content_hash, created_at, created_by, source)
     VALUES (@workspace_id, @version_id, @runbook_id, @number, N'draft', N'waiting', @content_hash,
       CAST(SYSUTCDATETIME() AS datetime2(3)), @created_by, @source)`,
    {
      workspace_id: id(defaultWorkspace),
      version_id: idBytes(versionId),
      runbook_id: idBytes(runbook.runbook_id),
      number: int(number),
      content_hash: bytes(contentHash),
      created_by: draft.changedBy,
      source: bytes(draft.source),
    },
  );
  if (draft.analysis !== null) {
    await writeAnalysis(session, versionId, draft.analysis);
  }
  await session.run(
    `UPDATE runsmith.runbooks SET draft_version_id = @version_id, last_version_number = @number
     WHERE runbook_id = @runbook_id`,
    { version_id: idBytes(versionId), number: int(number), runbook_id: idBytes(runbook.runbook_id) },
  );
  if (runbook.draft_version_id !== null) {
    await dropDraft(session, runbook.runbook_id, runbook.draft_version_id);
  }
  return true;
}

/**
 * Makes a runbook that was never published of the kind of its new draft, where it is not yet.
 * @throws UserError `runbook-kind-differs` (409)
 */
async function writeKind(session: MssqlSession, runbook: RunbookRow, kind: RunbookKind): Promise<boolean> {
  const refusal = kindRefusal(runbook, kind);
  if (refusal !== null) {
    throw refusal;
  }
  if (runbook.kind === kind) {
    return false;
  }
  const attempts = attemptsOfKind(runbook, kind);
  await session.run("UPDATE runsmith.runbooks SET kind = @kind, attempts = @attempts WHERE runbook_id = @runbook_id", {
    kind,
    attempts: int(attempts),
    runbook_id: idBytes(runbook.runbook_id),
  });
  // Settings are written as a whole after this, from the row.
  Object.assign(runbook, { kind, attempts });
  return true;
}

/** Stores what an analysis found, once; false when the version is gone or has its analysis already. */
export async function writeAnalysis(
  session: MssqlSession,
  versionId: Uint8Array,
  analysis: Analysis,
): Promise<boolean> {
  const { executable } = analysis;
  const written = await session.run(
    `UPDATE runsmith.runbook_versions
     SET analysis = N'done', signature = @signature, problems = @problems, needs = @needs, synopsis = @synopsis,
       executable = @executable, executable_hash = @executable_hash, calls = @calls
     WHERE version_id = @version_id AND analysis = N'waiting'`,
    {
      version_id: idBytes(versionId),
      signature: json(analysis.signature),
      problems: json(analysis.problems),
      needs: json(analysis.needs),
      synopsis: analysis.synopsis,
      executable: text(executable),
      executable_hash: bytes(executable === null ? null : createHash("sha256").update(executable).digest()),
      calls: json(analysis.calls),
    },
  );
  return written > 0;
}

/** Makes a draft wait again whose analysis timed out or crashed: that says nothing of its text. False when it did not. */
async function reopenUnfinished(session: MssqlSession, versionId: Uint8Array): Promise<boolean> {
  const version = await session.first<{ problems: string }>(
    `SELECT problems FROM runsmith.runbook_versions
     WHERE version_id = @version_id AND analysis = N'done' AND state = N'draft'`,
    { version_id: idBytes(versionId) },
  );
  const problems = version === undefined ? [] : (JSON.parse(version.problems) as Problem[]);
  if (!problems.some(({ code }) => (unfinishedAnalysisCodes as readonly string[]).includes(code))) {
    return false;
  }
  await session.run(
    `UPDATE runsmith.runbook_versions SET analysis = N'waiting', signature = NULL, problems = N'[]'
     WHERE version_id = @version_id`,
    { version_id: idBytes(versionId) },
  );
  return true;
}

/** Lets a draft go that nothing points at any more; its text stays for as long as the runbook has open jobs, one of which may run it. */
export async function dropDraft(session: MssqlSession, runbookId: Uint8Array, versionId: Uint8Array): Promise<void> {
  await session.run("UPDATE runsmith.runbook_versions SET state = N'replaced' WHERE version_id = @version_id", {
    version_id: idBytes(versionId),
  });
  await session.run(
    `DELETE FROM runsmith.runbook_versions
     WHERE runbook_id = @runbook_id AND state = N'replaced' AND NOT ${hasOpenJobs("@runbook_id")}`,
    { runbook_id: idBytes(runbookId) },
  );
}

/** SQL: whether a runbook has jobs that have not ended. `runbook` is an expression of this program, never a caller's text. */
export function hasOpenJobs(runbook: "@runbook_id" | "v.runbook_id"): string {
  return `(
    EXISTS (SELECT 1 FROM runsmith.runbooks AS o WHERE o.runbook_id = ${runbook} AND o.active_jobs > 0)
    OR EXISTS (
      SELECT 1 FROM runsmith.jobs AS j
      WHERE j.workspace_id = 0x00000000000000000000000000000000 AND j.runbook_id = ${runbook} AND j.parked = 1)
  )`;
}

async function sameContent(session: MssqlSession, versionId: Uint8Array, contentHash: Uint8Array): Promise<boolean> {
  const row = await session.first(
    `SELECT version_id FROM runsmith.runbook_versions
     WHERE version_id = @version_id AND content_hash = @content_hash`,
    { version_id: idBytes(versionId), content_hash: bytes(contentHash) },
  );
  return row !== undefined;
}
