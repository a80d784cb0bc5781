import type { StoredAssetKind } from "../../contract/api/asset.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import type { SealedRow } from "./sealing.ts";

/** An asset without its secret. */
export interface StoredAsset {
  assetId: string;
  kind: StoredAssetKind;
  name: string;
  description: string;
  /** What is not secret, by kind. */
  content: Record<string, unknown>;
  /** Whether there is something sealed. */
  hasSecret: boolean;
  /** Of what is sealed; grows with each new secret. */
  valueVersion: number;
  expiresAt: number | null;
  createdAt: number;
  modifiedAt: number;
  modifiedBy: string;
  /** Grows by one with each change. */
  revision: number;
}

/** An asset's name and what it is. */
export type NamedAsset = Pick<StoredAsset, "assetId" | "kind" | "name">;

/** A script that was published, as the host runs it. */
export interface PublishedScript {
  runbookId: string;
  runbookName: string;
  runbookKind: RunbookKind;
  folderId: string | null;
  executable: string;
}

export interface NewAsset {
  assetId: string;
  kind: StoredAssetKind;
  name: string;
  description: string;
  content: Record<string, unknown>;
  /** Sealed for `assets.sealed`, this id and version 1; null where nothing is secret. */
  sealed: Uint8Array | null;
  expiresAt: number | null;
  /** Ids of the assets that it is made with. */
  uses: string[];
  /** The asset by which its content was checked and parted from what is secret, as it was then. */
  checkedBy?: SeenAsset;
  changedBy: string;
}

/** An asset in the state in which it was seen. */
export interface SeenAsset {
  kind: StoredAssetKind;
  assetId: string;
  revision: number;
}

export interface AssetChange {
  kind: StoredAssetKind;
  assetId: string;
  name: string;
  description: string;
  content: Record<string, unknown>;
  /** The new secret and its version; left out where it stays as it is. */
  secret?: { sealed: Uint8Array | null; valueVersion: number };
  expiresAt: number | null;
  uses: string[];
  checkedBy?: SeenAsset;
  /** The change is right only while no other asset is made with this one. */
  whileUnused?: boolean;
  changedBy: string;
  expectedRevision: number;
}

/** `asset` is an id or a name everywhere; names count without regard to case. */
export interface AssetReads {
  asset(of: { kind: StoredAssetKind; asset: string }): StoredAsset | null;
  assetWithSecret(of: {
    kind: StoredAssetKind;
    asset: string;
  }): { asset: StoredAsset; sealed: Uint8Array | null } | null;
  /** By name; of these ids alone where `only` says so. `after` is the `next` of the page before. */
  assets(of: { kind: StoredAssetKind; only?: readonly string[] | null; after?: string; limit: number }): {
    items: StoredAsset[];
    next: string | null;
  };
  /** Those of these ids that there are, in no order. */
  assetNames(of: { assetIds: readonly string[] }): NamedAsset[];
  /** Assets that are made with this one, by name. */
  assetsUsing(of: { assetId: string; limit: number }): NamedAsset[];
  /** Published scripts in whose text that text is, without regard to case, in the order of their runbooks' ids. */
  scriptsNaming(of: { text: string; after: string | null; limit: number }): PublishedScript[];
  /** In the order of their ids. */
  sealedAssets(of: { after: string | null; limit: number }): SealedRow[];
}

/** Writes that name an asset throw UserError `asset-not-found` (404) when there is none, and `revision-mismatch` (412). */
export interface AssetWrites {
  /** @throws UserError `asset-exists` (409), `checked-by-former` (409) when the asset that it was checked by is another by now */
  createAsset(asset: NewAsset): StoredAsset;
  /**
   * @throws UserError `asset-exists` (409) when it gets a name that another one has, `checked-by-former` (409), `asset-in-use` (409) when
   * it counts only while others are not made with it
   */
  changeAsset(change: AssetChange): StoredAsset;
  /** @throws UserError `asset-in-use` (409) when others are made with it, unless `force` */
  removeAsset(of: { kind: StoredAssetKind; assetId: string; force: boolean; expectedRevision: number }): void;
  /**
   * Notes for notices which certificates end within so many days (the least that fits; 0: they have ended), each once for each number of
   * days. Gives how many; `limit` when there may be more.
   */
  warnOfExpiry(of: { days: readonly number[]; limit: number }): number;
  /** Replaces sealed values whose version is still the same. */
  rewrapAssets(of: { rows: SealedRow[] }): void;
}
