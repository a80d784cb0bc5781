import type { ConcurrencyPolicy, Isolation, RunbookRunAs } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import { isId } from "../../contract/id.ts";
import type { Problem } from "../../contract/problem.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import type { Signature } from "../../contract/signature.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { StoredRunbook, StoredRunbookVersion, VersionName } from "../operations/runbooks.ts";
import { readPlacement } from "./placements.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/** A row of `runbooks`. */
export interface RunbookRow {
  runbook_id: Uint8Array;
  name: string;
  kind: RunbookKind;
  description: string;
  tags: string;
  enabled: number;
  log_verbose: number;
  log_debug: number;
  log_progress: number;
  grants: string;
  isolation: Isolation;
  share_callers: number;
  placement_id: Uint8Array;
  priority: number;
  time_limit: number | null;
  start_deadline: number | null;
  concurrency_limit: number | null;
  concurrency_policy: ConcurrencyPolicy;
  attempts: number;
  retries: number;
  stop_grace: number;
  output_limit: number;
  draft_version_id: Uint8Array | null;
  published_version_id: Uint8Array | null;
  last_version_number: number;
  folder_id: Uint8Array | null;
  run_as: Uint8Array | null;
  active_jobs: number;
  created_at: number;
  modified_at: number;
  modified_by: string;
  revision: number;
}

/** A row of `runbook_versions` without its texts. */
export interface VersionRow {
  version_id: Uint8Array;
  runbook_id: Uint8Array;
  number: number;
  state: StoredRunbookVersion["state"];
  analysis: StoredRunbookVersion["analysis"];
  signature: string | null;
  problems: string;
  needs: string;
  calls: string | null;
  synopsis: string;
  content_hash: Uint8Array;
  size: number;
  created_at: number;
  created_by: string;
  published_at: number | null;
}

/** The columns of a `VersionRow`. */
export const versionColumns = `version_id, runbook_id, number, state, analysis, signature, problems, needs, calls, synopsis,
  content_hash, length(source) AS size, created_at, created_by, published_at`;

/** A runbook by its id or its name. */
export function findRunbook(session: SqliteSession, runbook: string): RunbookRow | undefined {
  const id = runbook.toLowerCase();
  const byId = isId(id)
    ? session.first<RunbookRow>("SELECT * FROM runbooks WHERE runbook_id = ?", idToBytes(id))
    : undefined;
  return (
    byId ??
    session.first<RunbookRow>("SELECT * FROM runbooks WHERE workspace_id = ? AND name = ?", defaultWorkspace, runbook)
  );
}

/** The id of a runbook's version; undefined when it has no such one. */
export function findVersionId(
  session: SqliteSession,
  runbook: RunbookRow,
  version: VersionName,
): Uint8Array | undefined {
  if (version === "draft" || version === "published") {
    return (version === "draft" ? runbook.draft_version_id : runbook.published_version_id) ?? undefined;
  }
  return session.first<{ version_id: Uint8Array }>(
    `SELECT version_id FROM runbook_versions
     WHERE workspace_id = ? AND runbook_id = ? AND number = ? AND state <> 'replaced'`,
    defaultWorkspace,
    runbook.runbook_id,
    version,
  )?.version_id;
}

/** A version by its id. */
export function readVersion(session: SqliteSession, versionId: Uint8Array): StoredRunbookVersion | null {
  const row = session.first<VersionRow>(
    `SELECT ${versionColumns} FROM runbook_versions WHERE version_id = ?`,
    versionId,
  );
  return row === undefined ? null : toVersion(row);
}

/** A runbook as the border has it, with its draft and its published version. */
export function toRunbook(session: SqliteSession, row: RunbookRow): StoredRunbook {
  return {
    runbookId: bytesToId(row.runbook_id),
    name: row.name,
    kind: row.kind,
    folderId: row.folder_id === null ? null : bytesToId(row.folder_id),
    folder: row.folder_id === null ? null : folderName(session, row.folder_id),
    runAs: readRunAs(session, row.run_as),
    description: row.description,
    tags: JSON.parse(row.tags) as string[],
    enabled: row.enabled === 1,
    logs: { verbose: row.log_verbose === 1, debug: row.log_debug === 1, progress: row.log_progress === 1 },
    grants: JSON.parse(row.grants) as Grant[],
    isolation: row.isolation,
    shareCallers: row.share_callers === 1,
    ...readPlacement(session, row.placement_id),
    priority: row.priority,
    timeLimit: row.time_limit,
    startDeadline: row.start_deadline,
    concurrencyLimit: row.concurrency_limit,
    concurrencyPolicy: row.concurrency_policy,
    attempts: row.attempts,
    retries: row.retries,
    stopGrace: row.stop_grace,
    outputLimit: row.output_limit,
    draft: row.draft_version_id === null ? null : readVersion(session, row.draft_version_id),
    published: row.published_version_id === null ? null : readVersion(session, row.published_version_id),
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}

function folderName(session: SqliteSession, folderId: Uint8Array): string | null {
  return session.first<{ name: string }>("SELECT name FROM folders WHERE folder_id = ?", folderId)?.name ?? null;
}

/** The principal that jobs act as. */
export function readRunAs(session: SqliteSession, runAs: Uint8Array | null): RunbookRunAs | null {
  if (runAs === null) {
    return null;
  }
  const found = session.first<{ kind: string; name: string; enabled: number }>(
    "SELECT kind, name, enabled FROM principals WHERE principal_id = ?",
    runAs,
  );
  return {
    principalId: bytesToId(runAs),
    kind: found?.kind ?? null,
    name: found?.name ?? null,
    enabled: found?.enabled === 1,
  };
}

/** A version as the border has it. */
export function toVersion(row: VersionRow): StoredRunbookVersion {
  return {
    versionId: bytesToId(row.version_id),
    runbookId: bytesToId(row.runbook_id),
    number: row.number,
    state: row.state,
    analysis: row.analysis,
    signature: row.signature === null ? null : (JSON.parse(row.signature) as Signature),
    problems: JSON.parse(row.problems) as Problem[],
    needs: JSON.parse(row.needs) as string[],
    calls: row.calls === null ? [] : (JSON.parse(row.calls) as string[]),
    synopsis: row.synopsis,
    contentHash: Buffer.from(row.content_hash).toString("hex"),
    size: row.size,
    createdAt: row.created_at,
    createdBy: row.created_by,
    publishedAt: row.published_at,
  };
}
