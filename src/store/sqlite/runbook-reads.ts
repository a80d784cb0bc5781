import type { Problem } from "../../contract/problem.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import type { Signature } from "../../contract/signature.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { RunbookReads, RunbookToStart } from "../operations/runbooks.ts";
import type { RunbookRow, VersionRow } from "./runbook-rows.ts";
import {
  findRunbook,
  findVersionId,
  readRunAs,
  readVersion,
  toRunbook,
  toVersion,
  versionColumns,
} from "./runbook-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

export function runbookReads(session: SqliteSession): RunbookReads {
  return {
    runbook: ({ runbook }) => {
      const row = findRunbook(session, runbook);
      return row === undefined ? null : toRunbook(session, row);
    },

    runbooks: (of) => listRunbooks(session, of),
    runbookVersions: (of) => listVersions(session, of),

    runbookVersion: ({ runbook, version }) => {
      const row = findRunbook(session, runbook);
      const versionId = row === undefined ? undefined : findVersionId(session, row, version);
      return versionId === undefined ? null : readVersion(session, versionId);
    },

    runbookVersionContent: ({ runbook, version }) => {
      const row = findRunbook(session, runbook);
      const versionId = row === undefined ? undefined : findVersionId(session, row, version);
      if (row === undefined || versionId === undefined) {
        return null;
      }
      const text = session.first<{ number: number; content_hash: Uint8Array; source: Uint8Array }>(
        "SELECT number, content_hash, source FROM runbook_versions WHERE version_id = ?",
        versionId,
      );
      return text === undefined
        ? null
        : {
            name: row.name,
            kind: row.kind,
            number: text.number,
            contentHash: Buffer.from(text.content_hash).toString("hex"),
            source: text.source,
          };
    },

    runbookPlace: ({ runbookId }) => {
      const row = session.first<{ folder_id: Uint8Array | null }>(
        "SELECT folder_id FROM runbooks WHERE runbook_id = ?",
        idToBytes(runbookId),
      );
      return row === undefined ? null : { folderId: row.folder_id === null ? null : bytesToId(row.folder_id) };
    },

    runbookToStart: (of) => runbookToStart(session, of),

    versionsToAnalyse: ({ kind, after, limit }) =>
      session
        .all<{ version_id: Uint8Array; runbook_id: Uint8Array; name: string; kind: RunbookKind; source: Uint8Array }>(
          `SELECT v.version_id, v.runbook_id, r.name, r.kind, v.source
           FROM runbook_versions v JOIN runbooks r USING (runbook_id)
           WHERE v.workspace_id = ?1 AND v.analysis = 'waiting' AND v.state <> 'replaced'
             AND (?2 IS NULL OR r.kind = ?2) AND (?3 IS NULL OR v.version_id > ?3)
           ORDER BY v.version_id LIMIT ?4`,
          defaultWorkspace,
          kind ?? null,
          after === undefined ? null : idToBytes(after),
          limit,
        )
        .map((row) => ({
          versionId: bytesToId(row.version_id),
          runbookId: bytesToId(row.runbook_id),
          runbookName: row.name,
          kind: row.kind,
          source: row.source,
        })),
  };
}

function listRunbooks(session: SqliteSession, of: Parameters<RunbookReads["runbooks"]>[0]) {
  const rows = session.all<RunbookRow>(
    `SELECT * FROM runbooks
     WHERE workspace_id = ?1 AND name > ?2
       AND (?3 IS NULL OR name LIKE ?3 ESCAPE '\\')
       AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?4 COLLATE NOCASE))
       AND (?6 IS NULL OR folder_id = ?6) AND (?9 IS NULL OR run_as = ?9)
       AND (?7 IS NULL OR folder_id IN (SELECT unhex(value, '-') FROM json_each(?7))
         OR runbook_id IN (SELECT unhex(value, '-') FROM json_each(?8)))
     ORDER BY name LIMIT ?5`,
    defaultWorkspace,
    of.after ?? "",
    of.name === undefined ? null : likePattern(of.name),
    of.tag ?? null,
    of.limit + 1,
    of.folderId === undefined ? null : idToBytes(of.folderId),
    of.visibleTo === undefined ? null : JSON.stringify(of.visibleTo.folderIds),
    JSON.stringify(of.visibleTo?.runbookIds ?? []),
    of.runAs === undefined ? null : idToBytes(of.runAs),
  );
  const page = rows.slice(0, of.limit);
  return {
    items: page.map((row) => toRunbook(session, row)),
    next: rows.length > of.limit ? (page.at(-1)?.name ?? null) : null,
  };
}

/** A part of a name, or a whole name when it has a `*`, as a pattern of LIKE. */
function likePattern(name: string): string {
  const literal = name.replaceAll(/[\\%_]/g, "\\$&");
  return name.includes("*") ? literal.replaceAll("*", "%") : `%${literal}%`;
}

function listVersions(session: SqliteSession, of: Parameters<RunbookReads["runbookVersions"]>[0]) {
  const runbook = findRunbook(session, of.runbook);
  if (runbook === undefined) {
    return null;
  }
  const rows = session.all<VersionRow>(
    `SELECT ${versionColumns} FROM runbook_versions
     WHERE workspace_id = ?1 AND runbook_id = ?2 AND state <> 'replaced' AND (?3 IS NULL OR number < ?3)
     ORDER BY number DESC LIMIT ?4`,
    defaultWorkspace,
    runbook.runbook_id,
    of.after === undefined ? null : Number(of.after),
    of.limit + 1,
  );
  const page = rows.slice(0, of.limit);
  return {
    items: page.map(toVersion),
    next: rows.length > of.limit ? String(page.at(-1)?.number) : null,
  };
}

function runbookToStart(session: SqliteSession, of: { runbook: string; draft: boolean }): RunbookToStart | null {
  const row = findRunbook(session, of.runbook);
  if (row === undefined) {
    return null;
  }
  const versionId = of.draft ? row.draft_version_id : row.published_version_id;
  const version =
    versionId === null
      ? undefined
      : session.first<Pick<VersionRow, "number" | "analysis" | "signature" | "problems" | "calls">>(
          "SELECT number, analysis, signature, problems, calls FROM runbook_versions WHERE version_id = ?",
          versionId,
        );
  return {
    runbookId: bytesToId(row.runbook_id),
    name: row.name,
    kind: row.kind,
    enabled: row.enabled === 1,
    folderId: row.folder_id === null ? null : bytesToId(row.folder_id),
    runAs: readRunAs(session, row.run_as),
    placementId: bytesToId(row.placement_id),
    version:
      versionId === null || version === undefined
        ? null
        : {
            versionId: bytesToId(versionId),
            number: version.number,
            analysis: version.analysis,
            signature: version.signature === null ? null : (JSON.parse(version.signature) as Signature),
            calls: version.calls === null ? [] : (JSON.parse(version.calls) as string[]),
            errors: (JSON.parse(version.problems) as Problem[]).filter(({ severity }) => severity === "error"),
          },
  };
}
