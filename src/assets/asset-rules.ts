import type { Permission } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";
import type { AssetResource, StoredAssetKind } from "../contract/api/asset.ts";
import { isoTime } from "../contract/api/iso-time.ts";
import type { SeenAsset, StoredAsset } from "../store/operations/assets.ts";

/** What is to be stored of an asset. */
export interface PreparedAsset {
  /** What is not secret. */
  content: Record<string, unknown>;
  /** What is; null when nothing is, left out when it stays what it was. */
  secret?: Uint8Array | null;
  /** Ids of the assets that it is made with. */
  uses: string[];
  expiresAt: number | null;
  /** The asset by which this was checked; as another one it is prepared anew. */
  checkedBy?: SeenAsset;
  /** It may be stored only while no other asset is made with this one. */
  whileUnused?: boolean;
}

/** An asset as it was before a change. */
export interface FormerAsset {
  asset: StoredAsset;
  /** Opens its secret; null when it has none. @throws UserError `sealed-value-altered` */
  secret(): Uint8Array | null;
}

/** What is special to a kind of asset. */
export interface AssetRules<Resource extends AssetResource, Settings extends object> {
  readonly kind: StoredAssetKind;
  /** What it takes to make, change and remove one; `edit` where nothing is said. */
  readonly editing?: Permission;
  /**
   * What is to be stored for settings, all of them for a new asset, or those that change.
   * @throws UserError `invalid-asset` (422) and others of the kind
   */
  prepare(settings: Partial<Settings>, former: FormerAsset | null, caller: Principal): Promise<PreparedAsset>;
  /** Assets as the API shows them. */
  resources(assets: readonly StoredAsset[]): Promise<Resource[]>;
}

/** What every asset shows. */
export function commonResource(asset: StoredAsset): AssetResource {
  return {
    assetId: asset.assetId,
    name: asset.name,
    description: asset.description,
    createdAt: isoTime(asset.createdAt),
    modifiedAt: isoTime(asset.modifiedAt),
    modifiedBy: asset.modifiedBy,
    revision: asset.revision,
  };
}
