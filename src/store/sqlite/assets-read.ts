import type { StoredAssetKind } from "../../contract/api/asset.ts";
import { looksLikeId } from "../../contract/id.ts";
import { assetNameKey } from "../asset-name-key.ts";
import type { AssetRow, NamedAssetRow, PublishedScriptRow } from "../asset-rows.ts";
import { assetColumns, toAsset, toNamedAsset, toPublishedScript } from "../asset-rows.ts";
import { idToBytes } from "../id-bytes.ts";
import type { AssetReads } from "../operations/assets.ts";
import type { SealedRowRow } from "../sealing-rows.ts";
import { toSealedRow } from "../sealing-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

const firstId = new Uint8Array(16);

export function assetReads(session: SqliteSession): AssetReads {
  return {
    asset: (of) => {
      const row = findAsset(session, of);
      return row === undefined ? null : toAsset(row);
    },
    assetWithSecret: (of) => {
      const row = findAsset(session, of);
      const secret =
        row === undefined
          ? undefined
          : session.first<{ sealed: Uint8Array | null }>("SELECT sealed FROM assets WHERE asset_id = ?", row.asset_id);
      return row === undefined ? null : { asset: toAsset(row), sealed: secret?.sealed ?? null };
    },
    assets: ({ kind, only = null, after = "", limit }) => {
      const rows = session.all<AssetRow>(
        `SELECT ${assetColumns} FROM assets a
         WHERE a.workspace_id = ? AND a.kind = ? AND a.name_key > ?
           AND (? IS NULL OR lower(hex(a.asset_id)) IN (SELECT replace(value, '-', '') FROM json_each(?)))
         ORDER BY a.name_key LIMIT ?`,
        defaultWorkspace,
        kind,
        after,
        only === null ? null : 1,
        JSON.stringify(only ?? []),
        limit + 1,
      );
      const page = rows.slice(0, limit);
      return { items: page.map(toAsset), next: rows.length > limit ? (page.at(-1)?.name_key ?? null) : null };
    },
    assetNames: ({ assetIds }) =>
      assetIds.flatMap((assetId) =>
        session
          .all<NamedAssetRow>("SELECT asset_id, kind, name FROM assets WHERE asset_id = ?", idToBytes(assetId))
          .map(toNamedAsset),
      ),
    assetsUsing: ({ assetId, limit }) =>
      session
        .all<NamedAssetRow>(
          `SELECT a.asset_id, a.kind, a.name FROM asset_uses u JOIN assets a ON a.asset_id = u.asset_id
           WHERE u.used_id = ? ORDER BY a.name_key, a.kind LIMIT ?`,
          idToBytes(assetId),
          limit,
        )
        .map(toNamedAsset),
    scriptsNaming: ({ text, after, limit }) =>
      session
        .all<PublishedScriptRow>(
          `SELECT r.runbook_id, r.name, r.kind, r.folder_id, v.executable FROM runbooks r
           JOIN runbook_versions v ON v.version_id = r.published_version_id
           WHERE r.workspace_id = ? AND r.runbook_id > ? AND instr(lower(v.executable), lower(?)) > 0
           ORDER BY r.runbook_id LIMIT ?`,
          defaultWorkspace,
          after === null ? firstId : idToBytes(after),
          text,
          limit,
        )
        .map(toPublishedScript),
    sealedAssets: ({ after, limit }) =>
      session
        .all<SealedRowRow>(
          `SELECT asset_id AS row_id, value_version AS version, sealed FROM assets
           WHERE asset_id > ? AND sealed IS NOT NULL ORDER BY asset_id LIMIT ?`,
          after === null ? firstId : idToBytes(after),
          limit,
        )
        .map(toSealedRow),
  };
}

/** The asset of this id or name. */
export function findAsset(
  session: SqliteSession,
  { kind, asset }: { kind: StoredAssetKind; asset: string },
): AssetRow | undefined {
  return looksLikeId(asset)
    ? session.first<AssetRow>(
        `SELECT ${assetColumns} FROM assets a WHERE a.asset_id = ? AND a.kind = ?`,
        idToBytes(asset.toLowerCase()),
        kind,
      )
    : session.first<AssetRow>(
        `SELECT ${assetColumns} FROM assets a WHERE a.workspace_id = ? AND a.kind = ? AND a.name_key = ?`,
        defaultWorkspace,
        kind,
        assetNameKey(asset),
      );
}
