import type { ConcurrencyPolicy, Isolation, RunbookRunAs } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import { isId } from "../../contract/id.ts";
import type { Problem } from "../../contract/problem.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import type { Signature } from "../../contract/signature.ts";
import { bytesToId } from "../id-bytes.ts";
import type { StoredRunbook, StoredRunbookVersion, VersionName } from "../operations/runbooks.ts";
import type { PlacementRow } from "./placements.ts";
import { toPlacement } from "./placements.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { id, idBytes, int, text } from "./sql-values.ts";

/** A row of `runbooks`, with its placement. */
export interface RunbookRow extends Omit<PlacementRow, "host_kind"> {
  runbook_id: Uint8Array;
  name: string;
  kind: RunbookKind;
  description: string;
  tags: string;
  enabled: boolean;
  log_verbose: boolean;
  log_debug: boolean;
  log_progress: boolean;
  grants: string;
  isolation: Isolation;
  share_callers: boolean;
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
  folder: string | null;
  run_as: Uint8Array | null;
  run_as_kind: string | null;
  run_as_name: string | null;
  run_as_enabled: boolean | null;
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

/** Runbooks with their placements; `r` is the runbook. */
export const selectRunbook = `
  SELECT r.runbook_id, r.name, r.kind, r.description, r.tags, r.enabled, r.log_verbose, r.log_debug, r.log_progress, r.grants,
    r.isolation, r.share_callers, r.priority, r.time_limit, r.start_deadline, r.concurrency_limit, r.concurrency_policy, r.attempts,
    r.retries, r.stop_grace, r.output_limit, r.draft_version_id, r.published_version_id, r.last_version_number, r.created_at,
    r.modified_at, r.modified_by, r.revision, r.placement_id, p.run_on, p.stand_bys, p.stand_by_after, p.required_tags,
    r.folder_id, f.name AS folder, r.run_as, a.kind AS run_as_kind, a.name AS run_as_name, a.enabled AS run_as_enabled
  FROM runsmith.runbooks AS r JOIN runsmith.placements AS p ON p.placement_id = r.placement_id
  LEFT JOIN runsmith.folders AS f ON f.folder_id = r.folder_id LEFT JOIN runsmith.principals AS a ON a.principal_id = r.run_as`;

/** Versions without their texts; `v` is the version. */
export const selectVersion = `
  SELECT v.version_id, v.runbook_id, v.number, v.state, v.analysis, v.signature, v.problems, v.needs, v.calls, v.synopsis, v.content_hash,
    DATALENGTH(v.source) AS size, v.created_at, v.created_by, v.published_at
  FROM runsmith.runbook_versions AS v`;

/** A runbook by its id or its name. */
export async function findRunbook(session: MssqlSession, runbook: string): Promise<RunbookRow | undefined> {
  const wanted = runbook.toLowerCase();
  const byId = isId(wanted)
    ? await session.first<RunbookRow>(`${selectRunbook} WHERE r.runbook_id = @runbook_id`, { runbook_id: id(wanted) })
    : undefined;
  return (
    byId ??
    session.first<RunbookRow>(`${selectRunbook} WHERE r.workspace_id = @workspace_id AND r.name = @name`, {
      workspace_id: id(defaultWorkspace),
      name: runbook,
    })
  );
}

/** The id of a runbook's version; undefined when it has no such one. */
export async function findVersionId(
  session: MssqlSession,
  runbook: RunbookRow,
  version: VersionName,
): Promise<Uint8Array | undefined> {
  if (version === "draft" || version === "published") {
    return (version === "draft" ? runbook.draft_version_id : runbook.published_version_id) ?? undefined;
  }
  const row = await session.first<{ version_id: Uint8Array }>(
    `SELECT version_id FROM runsmith.runbook_versions
     WHERE workspace_id = @workspace_id AND runbook_id = @runbook_id AND number = @number AND state <> N'replaced'`,
    { workspace_id: id(defaultWorkspace), runbook_id: idBytes(runbook.runbook_id), number: int(version) },
  );
  return row?.version_id;
}

/** A version by its id. */
export async function readVersion(session: MssqlSession, versionId: Uint8Array): Promise<StoredRunbookVersion | null> {
  const row = await session.first<VersionRow>(`${selectVersion} WHERE v.version_id = @version_id`, {
    version_id: idBytes(versionId),
  });
  return row === undefined ? null : toVersion(row);
}

/** Runbooks as the border has them, with their drafts and their published versions. */
export async function toRunbooks(session: MssqlSession, rows: readonly RunbookRow[]): Promise<StoredRunbook[]> {
  const ids = rows.flatMap(({ draft_version_id, published_version_id }) => [draft_version_id, published_version_id]);
  const wanted = ids
    .filter((versionId) => versionId !== null)
    .map((versionId) => Buffer.from(versionId).toString("hex"));
  const versions =
    wanted.length === 0
      ? []
      : await session.all<VersionRow>(
          `${selectVersion} JOIN OPENJSON(@wanted) AS w ON v.version_id = CONVERT(binary(16), w.value, 2)`,
          { wanted: text(JSON.stringify(wanted)) },
        );
  const byId = new Map(versions.map((row) => [bytesToId(row.version_id), toVersion(row)]));
  const version = (versionId: Uint8Array | null) =>
    versionId === null ? null : (byId.get(bytesToId(versionId)) ?? null);
  return rows.map((row) => toRunbook(row, version(row.draft_version_id), version(row.published_version_id)));
}

function toRunbook(
  row: RunbookRow,
  draft: StoredRunbookVersion | null,
  published: StoredRunbookVersion | null,
): StoredRunbook {
  return {
    runbookId: bytesToId(row.runbook_id),
    name: row.name,
    kind: row.kind,
    folderId: row.folder_id === null ? null : bytesToId(row.folder_id),
    folder: row.folder,
    runAs: toRunAs(row),
    description: row.description,
    tags: JSON.parse(row.tags) as string[],
    enabled: row.enabled,
    logs: { verbose: row.log_verbose, debug: row.log_debug, progress: row.log_progress },
    grants: JSON.parse(row.grants) as Grant[],
    isolation: row.isolation,
    shareCallers: row.share_callers,
    ...toPlacement(row),
    priority: row.priority,
    timeLimit: row.time_limit,
    startDeadline: row.start_deadline,
    concurrencyLimit: row.concurrency_limit,
    concurrencyPolicy: row.concurrency_policy,
    attempts: row.attempts,
    retries: row.retries,
    stopGrace: row.stop_grace,
    outputLimit: row.output_limit,
    draft,
    published,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}

/** The principal that jobs act as. */
export function toRunAs(
  row: Pick<RunbookRow, "run_as" | "run_as_kind" | "run_as_name" | "run_as_enabled">,
): RunbookRunAs | null {
  return row.run_as === null
    ? null
    : {
        principalId: bytesToId(row.run_as),
        kind: row.run_as_kind,
        name: row.run_as_name,
        enabled: row.run_as_enabled === true,
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
