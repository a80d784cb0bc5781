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
import type { AssetRow } from "../asset-rows.ts";
import { toAsset, usersTold } from "../asset-rows.ts";
import { bytesToId } from "../id-bytes.ts";
import type { AssetChange, AssetWrites, NewAsset, SeenAsset, StoredAsset } from "../operations/assets.ts";
import type { Asynchronous } from "../store.ts";
import { findAsset, readUsers } from "./assets-read.ts";
import { dropRightsOn } from "./rights.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bigint, bytes, id, idBytes, int, json, text, time } from "./sql-values.ts";

/** Milliseconds. */
const day = 86_400_000;

export const assetWriteRules: WriteRules<AssetWrites> = {
  createAsset: "kept",
  changeAsset: "kept",
  removeAsset: "kept",
  warnOfExpiry: "kept",
  rewrapAssets: "repeatable",
};

export function assetWrites(session: MssqlSession): Asynchronous<AssetWrites> {
  return {
    createAsset: (asset) => createAsset(session, asset),
    changeAsset: (change) => changeAsset(session, change),
    removeAsset: (of) => removeAsset(session, of),
    warnOfExpiry: (of) => warnOfExpiry(session, of),
    rewrapAssets: async ({ rows }) => {
      for (const { rowId, version, sealed } of rows) {
        await session.run(
          "UPDATE runsmith.assets SET sealed = @sealed WHERE asset_id = @asset_id AND value_version = @version",
          { sealed: bytes(sealed), asset_id: id(rowId), version: int(version) },
        );
      }
    },
  };
}

async function createAsset(session: MssqlSession, asset: NewAsset): Promise<StoredAsset> {
  await refuseFormer(session, asset.checkedBy);
  await refusingTaken(asset, () =>
    session.run(
      `DECLARE @now datetime2(3) = CAST(SYSUTCDATETIME() AS datetime2(3));
       INSERT INTO runsmith.assets (workspace_id, asset_id, kind, name, name_key, description, content, sealed, expires_at,
         created_at, modified_at, modified_by)
       VALUES (@workspace_id, @asset_id, @kind, @name, @name_key, @description, @content, @sealed, @expires_at, @now, @now,
         @changed_by)`,
      {
        workspace_id: id(defaultWorkspace),
        asset_id: id(asset.assetId),
        kind: text(asset.kind),
        name: text(asset.name),
        name_key: text(assetNameKey(asset.name)),
        description: text(asset.description),
        content: json(asset.content),
        sealed: bytes(asset.sealed),
        expires_at: time(asset.expiresAt),
        changed_by: text(asset.changedBy),
      },
    ),
  );
  await addUses(session, asset);
  return toAsset(await assetOf(session, asset));
}

async function changeAsset(session: MssqlSession, change: AssetChange): Promise<StoredAsset> {
  const former = await assetOf(session, change);
  await refuseFormer(session, change.checkedBy);
  const changed = await refusingTaken(change, () =>
    session.run(
      `UPDATE runsmith.assets SET name = @name, name_key = @name_key, description = @description, content = @content,
         sealed = CASE WHEN @new_secret = 1 THEN @sealed ELSE sealed END, value_version = COALESCE(@value_version, value_version),
         expires_at = @expires_at, modified_at = CAST(SYSUTCDATETIME() AS datetime2(3)), modified_by = @changed_by,
         revision = revision + 1
       WHERE asset_id = @asset_id AND revision = @expected`,
      {
        asset_id: id(change.assetId),
        name: text(change.name),
        name_key: text(assetNameKey(change.name)),
        description: text(change.description),
        content: json(change.content),
        new_secret: change.secret !== undefined,
        sealed: bytes(change.secret?.sealed ?? null),
        value_version: int(change.secret?.valueVersion ?? null),
        expires_at: time(change.expiresAt),
        changed_by: text(change.changedBy),
        expected: int(change.expectedRevision),
      },
    ),
  );
  if (changed === 0) {
    throw assetChanged(change.kind, former.name);
  }
  // After the update: who is being made with it holds its row until then, and is seen now.
  if (change.whileUnused === true && (await readUsers(session, idBytes(former.asset_id), 1)).length > 0) {
    throw keptWhileUsed(change.kind, former.name);
  }
  await session.run("DELETE FROM runsmith.asset_uses WHERE asset_id = @asset_id", { asset_id: id(change.assetId) });
  await addUses(session, change);
  return toAsset(await assetOf(session, change));
}

async function removeAsset(session: MssqlSession, of: Parameters<AssetWrites["removeAsset"]>[0]): Promise<void> {
  const asset = await assetOf(session, of);
  const users = of.force ? [] : await readUsers(session, idBytes(asset.asset_id), usersTold);
  if (users.length > 0) {
    const told = users.map(({ asset_id, kind, name }) => ({ kind, id: bytesToId(asset_id), name }));
    throw assetInUse(of.kind, asset.name, told);
  }
  const removed = await session.run("DELETE FROM runsmith.assets WHERE asset_id = @asset_id AND revision = @expected", {
    asset_id: idBytes(asset.asset_id),
    expected: int(of.expectedRevision),
  });
  if (removed === 0) {
    throw assetChanged(of.kind, asset.name);
  }
  await dropRightsOn(session, { scope: "asset", id: bytesToId(asset.asset_id), name: null });
}

async function warnOfExpiry(
  session: MssqlSession,
  { days, limit }: Parameters<AssetWrites["warnOfExpiry"]>[0],
): Promise<number> {
  // Whoever makes the first rule wants to be told of those that end soon by then.
  const rule = await session.first("SELECT TOP (1) rule_id FROM runsmith.notice_rules WHERE enabled = 1");
  if (rule === undefined) {
    return 0;
  }
  let warned = 0;
  // The nearest first: who is warned of one day is not warned of thirty as well.
  for (const number of days.toSorted((one, other) => one - other)) {
    const due = await session.all<{ asset_id: Uint8Array; expires_at: number }>(
      `SELECT TOP (@limit) a.asset_id, a.expires_at FROM runsmith.assets a
       WHERE a.expires_at <= runsmith.Later(SYSUTCDATETIME(), @within) AND NOT EXISTS (
         SELECT 1 FROM runsmith.certificate_warnings w
         WHERE w.asset_id = a.asset_id AND w.expires_at = a.expires_at AND w.days <= @days)
       ORDER BY a.expires_at, a.asset_id`,
      { limit: int(limit - warned), within: bigint(number * day), days: int(number) },
    );
    for (const { asset_id, expires_at } of due) {
      await session.run(
        `DECLARE @now datetime2(3) = CAST(SYSUTCDATETIME() AS datetime2(3));
         INSERT INTO runsmith.certificate_warnings (asset_id, expires_at, days, warned_at)
         VALUES (@asset_id, @expires_at, @days, @now);
         INSERT INTO runsmith.notice_events (happened_at, subject_id, event)
         VALUES (@now, @asset_id, N'certificate-expiring');`,
        { asset_id: idBytes(asset_id), expires_at: time(expires_at), days: int(number) },
      );
    }
    warned += due.length;
  }
  return warned;
}

async function assetOf(session: MssqlSession, of: { kind: StoredAssetKind; assetId: string }): Promise<AssetRow> {
  const row = await findAsset(session, { kind: of.kind, asset: of.assetId });
  if (row === undefined) {
    throw noSuchAsset(of.kind, of.assetId);
  }
  return row;
}

/** Holds the row of the asset that was seen until the commit, so that it is no other one then. */
async function refuseFormer(session: MssqlSession, seen: SeenAsset | undefined): Promise<void> {
  if (seen === undefined) {
    return;
  }
  const same = await session.first(
    "SELECT asset_id FROM runsmith.assets WITH (UPDLOCK) WHERE asset_id = @asset_id AND revision = @revision",
    { asset_id: id(seen.assetId), revision: int(seen.revision) },
  );
  if (same === undefined) {
    throw checkedByFormer(seen.kind);
  }
}

async function refusingTaken<Result>(
  of: { kind: StoredAssetKind; name: string },
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isDuplicate(error) ? assetExists(of.kind, of.name) : error;
  }
}

async function addUses(session: MssqlSession, { assetId, uses }: { assetId: string; uses: string[] }): Promise<void> {
  for (const used of new Set(uses)) {
    await session.run("INSERT INTO runsmith.asset_uses (asset_id, used_id) VALUES (@asset_id, @used_id)", {
      asset_id: id(assetId),
      used_id: id(used),
    });
  }
}
