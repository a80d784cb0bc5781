import type { Problem } from "../../contract/problem.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import type { Signature } from "../../contract/signature.ts";
import { bytesToId } from "../id-bytes.ts";
import type { RunbookReads, RunbookToStart } from "../operations/runbooks.ts";
import type { Asynchronous } from "../store.ts";
import type { RunbookRow, VersionRow } from "./runbook-rows.ts";
import {
  findRunbook,
  findVersionId,
  readVersion,
  selectRunbook,
  selectVersion,
  toRunAs,
  toRunbooks,
  toVersion,
} from "./runbook-rows.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { id, idBytes, int, json, text } from "./sql-values.ts";

export function runbookReads(session: MssqlSession): Asynchronous<RunbookReads> {
  return {
    runbook: async ({ runbook }) => {
      const row = await findRunbook(session, runbook);
      return row === undefined ? null : ((await toRunbooks(session, [row]))[0] ?? null);
    },

    runbooks: (of) => listRunbooks(session, of),
    runbookVersions: (of) => listVersions(session, of),

    runbookVersion: async ({ runbook, version }) => {
      const row = await findRunbook(session, runbook);
      const versionId = row === undefined ? undefined : await findVersionId(session, row, version);
      return versionId === undefined ? null : readVersion(session, versionId);
    },

    runbookVersionContent: async ({ runbook, version }) => {
      const row = await findRunbook(session, runbook);
      const versionId = row === undefined ? undefined : await findVersionId(session, row, version);
      if (row === undefined || versionId === undefined) {
        return null;
      }
      const content = await session.first<{ number: number; content_hash: Uint8Array; source: Uint8Array }>(
        "SELECT number, content_hash, source FROM runsmith.runbook_versions WHERE version_id = @version_id",
        { version_id: idBytes(versionId) },
      );
      return content === undefined
        ? null
        : {
            name: row.name,
            kind: row.kind,
            number: content.number,
            contentHash: Buffer.from(content.content_hash).toString("hex"),
            source: new Uint8Array(content.source),
          };
    },

    runbookPlace: async ({ runbookId }) => {
      const row = await session.first<{ folder_id: Uint8Array | null }>(
        "SELECT folder_id FROM runsmith.runbooks WHERE runbook_id = @runbook_id",
        { runbook_id: id(runbookId) },
      );
      return row === undefined ? null : { folderId: row.folder_id === null ? null : bytesToId(row.folder_id) };
    },

    runbookToStart: (of) => runbookToStart(session, of),

    versionsToAnalyse: async ({ kind, after, limit }) =>
      (
        await session.all<{
          version_id: Uint8Array;
          runbook_id: Uint8Array;
          name: string;
          kind: RunbookKind;
          source: Uint8Array;
        }>(
          `SELECT TOP (@limit) v.version_id, v.runbook_id, r.name, r.kind, v.source
           FROM runsmith.runbook_versions AS v JOIN runsmith.runbooks AS r ON r.runbook_id = v.runbook_id
           WHERE v.workspace_id = @workspace_id AND v.analysis = N'waiting' AND v.state <> N'replaced'
             AND (@kind IS NULL OR r.kind = @kind) AND (@after IS NULL OR v.version_id > @after)
           ORDER BY v.version_id`,
          { limit, workspace_id: id(defaultWorkspace), kind: text(kind ?? null), after: id(after ?? null) },
        )
      ).map((row) => ({
        versionId: bytesToId(row.version_id),
        runbookId: bytesToId(row.runbook_id),
        runbookName: row.name,
        kind: row.kind,
        source: new Uint8Array(row.source),
      })),
  };
}

async function listRunbooks(session: MssqlSession, of: Parameters<RunbookReads["runbooks"]>[0]) {
  const rows = await session.all<RunbookRow>(
    `${selectRunbook}
     WHERE r.workspace_id = @workspace_id AND r.name > @after
       AND (@name IS NULL OR r.name LIKE @name ESCAPE N'\\')
       AND (@tag IS NULL OR EXISTS (
         SELECT 1 FROM OPENJSON(r.tags) AS t
         WHERE t.value COLLATE Latin1_General_CI_AS = @tag COLLATE Latin1_General_CI_AS))
       AND (@folder_id IS NULL OR r.folder_id = @folder_id) AND (@run_as IS NULL OR r.run_as = @run_as)
       AND (@folder_ids IS NULL
         OR r.folder_id IN (SELECT CONVERT(binary(16), REPLACE(v.value, N'-', N''), 2) FROM OPENJSON(@folder_ids) AS v)
         OR r.runbook_id IN (SELECT CONVERT(binary(16), REPLACE(v.value, N'-', N''), 2) FROM OPENJSON(@runbook_ids) AS v))
     ORDER BY r.name OFFSET 0 ROWS FETCH NEXT @limit ROWS ONLY`,
    {
      workspace_id: id(defaultWorkspace),
      after: of.after ?? "",
      name: text(of.name === undefined ? null : likePattern(of.name)),
      tag: text(of.tag ?? null),
      folder_id: id(of.folderId ?? null),
      run_as: id(of.runAs ?? null),
      folder_ids: json(of.visibleTo?.folderIds),
      runbook_ids: json(of.visibleTo?.runbookIds ?? []),
      limit: of.limit + 1,
    },
  );
  const page = rows.slice(0, of.limit);
  return {
    items: await toRunbooks(session, page),
    next: rows.length > of.limit ? (page.at(-1)?.name ?? null) : null,
  };
}

/** A part of a name, or a whole name when it has a `*`, as a pattern of LIKE. */
function likePattern(name: string): string {
  const literal = name.replaceAll(/[\\%_[\]]/g, "\\$&");
  return name.includes("*") ? literal.replaceAll("*", "%") : `%${literal}%`;
}

async function listVersions(session: MssqlSession, of: Parameters<RunbookReads["runbookVersions"]>[0]) {
  const runbook = await findRunbook(session, of.runbook);
  if (runbook === undefined) {
    return null;
  }
  const rows = await session.all<VersionRow>(
    `${selectVersion}
     WHERE v.workspace_id = @workspace_id AND v.runbook_id = @runbook_id AND v.state <> N'replaced'
       AND (@before IS NULL OR v.number < @before)
     ORDER BY v.number DESC OFFSET 0 ROWS FETCH NEXT @limit ROWS ONLY`,
    {
      workspace_id: id(defaultWorkspace),
      runbook_id: idBytes(runbook.runbook_id),
      before: int(of.after === undefined ? null : Number(of.after)),
      limit: of.limit + 1,
    },
  );
  const page = rows.slice(0, of.limit);
  return {
    items: page.map(toVersion),
    next: rows.length > of.limit ? String(page.at(-1)?.number) : null,
  };
}

async function runbookToStart(
  session: MssqlSession,
  of: { runbook: string; draft: boolean },
): Promise<RunbookToStart | null> {
  const row = await findRunbook(session, of.runbook);
  if (row === undefined) {
    return null;
  }
  const versionId = of.draft ? row.draft_version_id : row.published_version_id;
  const version =
    versionId === null
      ? undefined
      : await session.first<Pick<VersionRow, "number" | "analysis" | "signature" | "problems" | "calls">>(
          "SELECT number, analysis, signature, problems, calls FROM runsmith.runbook_versions WHERE version_id = @version_id",
          { version_id: idBytes(versionId) },
        );
  return {
    runbookId: bytesToId(row.runbook_id),
    name: row.name,
    kind: row.kind,
    enabled: row.enabled,
    folderId: row.folder_id === null ? null : bytesToId(row.folder_id),
    runAs: toRunAs(row),
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
