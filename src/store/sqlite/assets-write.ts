import type { StoredAssetKind } from "../../contract/api/asset.ts";
import { assetNameKey } from "../asset-name-key.ts";
import {
  assetChanged,
  assetExists,
  assetInUse,
  checkedByFormer,
  keptWhileUsed,
  noSuchAsset,
} from "../asset-refusals.ts";
import type { AssetRow, NamedAssetRow } from "../asset-rows.ts";
import { toAsset, usersTold } from "../asset-rows.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { AssetChange, AssetWrites, NewAsset, SeenAsset, StoredAsset } from "../operations/assets.ts";
import { findAsset } from "./assets-read.ts";
import { noteForNotices } from "./notice-events.ts";
import { dropRightsOn } from "./rights.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/** Milliseconds. */
const day = 86_400_000;

export function assetWrites(session: SqliteSession): AssetWrites {
  return {
    createAsset: (asset) => createAsset(session, asset),
    changeAsset: (change) => changeAsset(session, change),
    removeAsset: (of) => removeAsset(session, of),
    warnOfExpiry: (of) => warnOfExpiry(session, of),
    rewrapAssets: ({ rows }) => {
      for (const { rowId, version, sealed } of rows) {
        session.run(
          "UPDATE assets SET sealed = ? WHERE asset_id = ? AND value_version = ?",
          sealed,
          idToBytes(rowId),
          version,
        );
      }
    },
  };
}

function createAsset(session: SqliteSession, asset: NewAsset): StoredAsset {
  refuseTaken(session, asset);
  refuseFormer(session, asset.checkedBy);
  const now = session.now();
  session.run(
    `INSERT INTO assets (workspace_id, asset_id, kind, name, name_key, description, content, sealed, expires_at, created_at,
       modified_at, modified_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(asset.assetId),
    asset.kind,
    asset.name,
    assetNameKey(asset.name),
    asset.description,
    JSON.stringify(asset.content),
    asset.sealed,
    asset.expiresAt,
    now,
    now,
    asset.changedBy,
  );
  addUses(session, asset);
  return toAsset(assetOf(session, asset));
}

function changeAsset(session: SqliteSession, change: AssetChange): StoredAsset {
  const former = assetOf(session, change);
  if (former.revision !== change.expectedRevision) {
    throw assetChanged(change.kind, former.name);
  }
  refuseTaken(session, change);
  refuseFormer(session, change.checkedBy);
  if (
    change.whileUnused === true &&
    session.first("SELECT 1 FROM asset_uses WHERE used_id = ?", former.asset_id) !== undefined
  ) {
    throw keptWhileUsed(change.kind, former.name);
  }
  session.run(
    `UPDATE assets SET name = ?, name_key = ?, description = ?, content = ?, expires_at = ?, modified_at = ?, modified_by = ?,
       revision = revision + 1
     WHERE asset_id = ?`,
    change.name,
    assetNameKey(change.name),
    change.description,
    JSON.stringify(change.content),
    change.expiresAt,
    session.now(),
    change.changedBy,
    former.asset_id,
  );
  if (change.secret !== undefined) {
    session.run(
      "UPDATE assets SET sealed = ?, value_version = ? WHERE asset_id = ?",
      change.secret.sealed,
      change.secret.valueVersion,
      former.asset_id,
    );
  }
  session.run("DELETE FROM asset_uses WHERE asset_id = ?", former.asset_id);
  addUses(session, change);
  return toAsset(assetOf(session, change));
}

function removeAsset(session: SqliteSession, of: Parameters<AssetWrites["removeAsset"]>[0]): void {
  const asset = assetOf(session, of);
  if (asset.revision !== of.expectedRevision) {
    throw assetChanged(of.kind, asset.name);
  }
  if (!of.force) {
    const users = session.all<NamedAssetRow>(
      `SELECT a.asset_id, a.kind, a.name FROM asset_uses u JOIN assets a ON a.asset_id = u.asset_id
       WHERE u.used_id = ? ORDER BY a.name_key, a.kind LIMIT ?`,
      asset.asset_id,
      usersTold,
    );
    if (users.length > 0) {
      const told = users.map(({ asset_id, kind, name }) => ({ kind, id: bytesToId(asset_id), name }));
      throw assetInUse(of.kind, asset.name, told);
    }
  }
  session.run("DELETE FROM assets WHERE asset_id = ?", asset.asset_id);
  dropRightsOn(session, { scope: "asset", id: bytesToId(asset.asset_id), name: null });
}

function warnOfExpiry(session: SqliteSession, { days, limit }: Parameters<AssetWrites["warnOfExpiry"]>[0]): number {
  // Whoever makes the first rule wants to be told of those that end soon by then.
  if (session.first("SELECT 1 FROM notice_rules WHERE enabled = 1") === undefined) {
    return 0;
  }
  const now = session.now();
  let warned = 0;
  // The nearest first: who is warned of one day is not warned of thirty as well.
  for (const number of days.toSorted((one, other) => one - other)) {
    const due = session.all<{ asset_id: Uint8Array; expires_at: number }>(
      `SELECT a.asset_id, a.expires_at FROM assets a
       WHERE a.expires_at <= ? AND NOT EXISTS (
         SELECT 1 FROM certificate_warnings w WHERE w.asset_id = a.asset_id AND w.expires_at = a.expires_at AND w.days <= ?)
       ORDER BY a.expires_at, a.asset_id LIMIT ?`,
      now + number * day,
      number,
      limit - warned,
    );
    for (const { asset_id, expires_at } of due) {
      session.run(
        "INSERT INTO certificate_warnings (asset_id, expires_at, days, warned_at) VALUES (?, ?, ?, ?)",
        asset_id,
        expires_at,
        number,
        now,
      );
      noteForNotices(session, "certificate-expiring", asset_id);
    }
    warned += due.length;
  }
  return warned;
}

function assetOf(session: SqliteSession, of: { kind: StoredAssetKind; assetId: string }): AssetRow {
  const row = findAsset(session, { kind: of.kind, asset: of.assetId });
  if (row === undefined) {
    throw noSuchAsset(of.kind, of.assetId);
  }
  return row;
}

function refuseTaken(session: SqliteSession, of: { kind: StoredAssetKind; assetId: string; name: string }): void {
  const holder = session.first<{ asset_id: Uint8Array }>(
    "SELECT asset_id FROM assets WHERE workspace_id = ? AND kind = ? AND name_key = ?",
    defaultWorkspace,
    of.kind,
    assetNameKey(of.name),
  );
  if (holder !== undefined && bytesToId(holder.asset_id) !== of.assetId) {
    throw assetExists(of.kind, of.name);
  }
}

function refuseFormer(session: SqliteSession, seen: SeenAsset | undefined): void {
  if (seen !== undefined && findAsset(session, { kind: seen.kind, asset: seen.assetId })?.revision !== seen.revision) {
    throw checkedByFormer(seen.kind);
  }
}

function addUses(session: SqliteSession, { assetId, uses }: { assetId: string; uses: string[] }): void {
  for (const used of new Set(uses)) {
    session.run("INSERT INTO asset_uses (asset_id, used_id) VALUES (?, ?)", idToBytes(assetId), idToBytes(used));
  }
}
