import type { StoredAssetKind } from "../contract/api/asset.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";
import { bytesToId } from "./id-bytes.ts";
import type { NamedAsset, PublishedScript, StoredAsset } from "./operations/assets.ts";

/* Rows of assets as both databases give them, and what they are made into. */

/** What a `StoredAsset` is made of; `a` is the asset. */
export const assetColumns = `a.asset_id, a.kind, a.name, a.name_key, a.description, a.content,
  CASE WHEN a.sealed IS NULL THEN 0 ELSE 1 END AS has_secret, a.value_version, a.expires_at, a.created_at, a.modified_at,
  a.modified_by, a.revision`;

export interface AssetRow {
  asset_id: Uint8Array;
  kind: StoredAssetKind;
  name: string;
  name_key: string;
  description: string;
  content: string;
  has_secret: number;
  value_version: number;
  expires_at: number | null;
  created_at: number;
  modified_at: number;
  modified_by: string;
  revision: number;
}

export function toAsset(row: AssetRow): StoredAsset {
  return {
    assetId: bytesToId(row.asset_id),
    kind: row.kind,
    name: row.name,
    description: row.description,
    content: JSON.parse(row.content) as Record<string, unknown>,
    hasSecret: row.has_secret === 1,
    valueVersion: row.value_version,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}

export type NamedAssetRow = Pick<AssetRow, "asset_id" | "kind" | "name">;

export function toNamedAsset(row: NamedAssetRow): NamedAsset {
  return { assetId: bytesToId(row.asset_id), kind: row.kind, name: row.name };
}

export interface PublishedScriptRow {
  runbook_id: Uint8Array;
  name: string;
  kind: RunbookKind;
  folder_id: Uint8Array | null;
  executable: string;
}

export function toPublishedScript(row: PublishedScriptRow): PublishedScript {
  return {
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.name,
    runbookKind: row.kind,
    folderId: row.folder_id === null ? null : bytesToId(row.folder_id),
    executable: row.executable,
  };
}

/** Some of the users of an asset are enough to tell. */
export const usersTold = 20;
