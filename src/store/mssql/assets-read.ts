import type { StoredAssetKind } from "../../contract/api/asset.ts";
import { looksLikeId } from "../../contract/id.ts";
import { assetNameKey } from "../asset-name-key.ts";
import type { AssetRow, NamedAssetRow, PublishedScriptRow } from "../asset-rows.ts";
import { assetColumns, toAsset, toNamedAsset, toPublishedScript } from "../asset-rows.ts";
import type { AssetReads } from "../operations/assets.ts";
import type { SealedRowRow } from "../sealing-rows.ts";
import { toSealedRow } from "../sealing-rows.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { id, idBytes, int, json, text } from "./sql-values.ts";

const firstId = new Uint8Array(16);

export function assetReads(session: MssqlSession): Asynchronous<AssetReads> {
  return {
    asset: async (of) => {
      const row = await findAsset(session, of);
      return row === undefined ? null : toAsset(row);
    },
    assetWithSecret: (of) => readWithSecret(session, of),
    assets: async ({ kind, only = null, after = "", limit }) => {
      const rows = await session.all<AssetRow>(
        `SELECT TOP (@limit) ${assetColumns} FROM runsmith.assets a
         WHERE a.workspace_id = @workspace_id AND a.kind = @kind AND a.name_key > @after
           AND (@only IS NULL OR a.asset_id IN (
             SELECT CONVERT(binary(16), REPLACE(o.value, N'-', N''), 2) FROM OPENJSON(@only) AS o))
         ORDER BY a.name_key`,
        {
          workspace_id: id(defaultWorkspace),
          kind: text(kind),
          after: text(after),
          only: json(only),
          limit: int(limit + 1),
        },
      );
      const page = rows.slice(0, limit);
      return { items: page.map(toAsset), next: rows.length > limit ? (page.at(-1)?.name_key ?? null) : null };
    },
    assetNames: async ({ assetIds }) => {
      const rows = await session.all<NamedAssetRow>(
        `SELECT asset_id, kind, name FROM runsmith.assets WHERE asset_id IN (
           SELECT CONVERT(binary(16), REPLACE(o.value, N'-', N''), 2) FROM OPENJSON(@asset_ids) AS o)`,
        { asset_ids: json(assetIds) },
      );
      return rows.map(toNamedAsset);
    },
    assetsUsing: async ({ assetId, limit }) => (await readUsers(session, id(assetId), limit)).map(toNamedAsset),
    scriptsNaming: async ({ text: named, after, limit }) => {
      const rows = await session.all<PublishedScriptRow>(
        `SELECT TOP (@limit) r.runbook_id, r.name, r.kind, r.folder_id, v.executable FROM runsmith.runbooks r
         JOIN runsmith.runbook_versions v ON v.version_id = r.published_version_id
         WHERE r.workspace_id = @workspace_id AND r.runbook_id > @after
           AND CHARINDEX(@named COLLATE Latin1_General_CI_AS, v.executable COLLATE Latin1_General_CI_AS) > 0
         ORDER BY r.runbook_id`,
        {
          workspace_id: id(defaultWorkspace),
          after: after === null ? idBytes(firstId) : id(after),
          named: text(named),
          limit: int(limit),
        },
      );
      return rows.map(toPublishedScript);
    },
    sealedAssets: async ({ after, limit }) => {
      const rows = await session.all<SealedRowRow>(
        `SELECT TOP (@limit) asset_id AS row_id, value_version AS version, sealed FROM runsmith.assets
         WHERE asset_id > @after AND sealed IS NOT NULL ORDER BY asset_id`,
        { after: after === null ? idBytes(firstId) : id(after), limit: int(limit) },
      );
      return rows.map(toSealedRow);
    },
  };
}

async function readWithSecret(
  session: MssqlSession,
  of: Parameters<AssetReads["assetWithSecret"]>[0],
): Promise<ReturnType<AssetReads["assetWithSecret"]>> {
  const where = looksLikeId(of.asset)
    ? "a.asset_id = @asset_id AND a.kind = @kind"
    : "a.workspace_id = @workspace_id AND a.kind = @kind AND a.name_key = @name_key";
  const row = await session.first<AssetRow & { sealed: Uint8Array | null }>(
    `SELECT ${assetColumns}, a.sealed FROM runsmith.assets a WHERE ${where}`,
    valuesOf(of),
  );
  return row === undefined
    ? null
    : { asset: toAsset(row), sealed: row.sealed === null ? null : new Uint8Array(row.sealed) };
}

/** The asset of this id or name. */
export function findAsset(
  session: MssqlSession,
  of: { kind: StoredAssetKind; asset: string },
): Promise<AssetRow | undefined> {
  return looksLikeId(of.asset)
    ? session.first<AssetRow>(
        `SELECT ${assetColumns} FROM runsmith.assets a WHERE a.asset_id = @asset_id AND a.kind = @kind`,
        valuesOf(of),
      )
    : session.first<AssetRow>(
        `SELECT ${assetColumns} FROM runsmith.assets a
         WHERE a.workspace_id = @workspace_id AND a.kind = @kind AND a.name_key = @name_key`,
        valuesOf(of),
      );
}

/** Assets that are made with this one. */
export function readUsers(session: MssqlSession, used: ReturnType<typeof id>, limit: number): Promise<NamedAssetRow[]> {
  return session.all<NamedAssetRow>(
    `SELECT TOP (@limit) a.asset_id, a.kind, a.name FROM runsmith.asset_uses u
     JOIN runsmith.assets a ON a.asset_id = u.asset_id WHERE u.used_id = @used_id ORDER BY a.name_key, a.kind`,
    { used_id: used, limit: int(limit) },
  );
}

function valuesOf({ kind, asset }: { kind: StoredAssetKind; asset: string }) {
  return looksLikeId(asset)
    ? { asset_id: id(asset.toLowerCase()), kind: text(kind) }
    : { workspace_id: id(defaultWorkspace), kind: text(kind), name_key: text(assetNameKey(asset)) };
}
