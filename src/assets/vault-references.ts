import { authorize, permits } from "../access/authorize.ts";
import type { Target } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";
import type { VaultReference, VaultReferenceInput } from "../contract/api/asset.ts";
import { noSuchAsset } from "../store/asset-refusals.ts";
import type { StoredAsset } from "../store/operations/assets.ts";
import type { Store } from "../store/store.ts";

/** A reference as it is stored: by the vault's id, so that it may be renamed. */
export interface StoredReference {
  vaultId: string;
  path: string;
  fields: Record<string, string>;
}

/** Finds the vault of a reference. @throws UserError `asset-not-found`, `not-permitted` when the caller may not use it */
export async function storedReference(
  store: Pick<Store, "read">,
  { vault, path, fields = {} }: VaultReferenceInput,
  caller: Principal,
): Promise<StoredReference> {
  const found = await store.read.asset({ kind: "vault", asset: vault });
  const target: Target = { kind: "asset", assetKind: "vault", assetId: found?.assetId ?? "" };
  if (found === null || !permits(caller, "read", target)) {
    throw noSuchAsset("vault", vault);
  }
  authorize(caller, "use", target, `the vault ${found.name}`);
  return { vaultId: found.assetId, path, fields };
}

/** The reference of an asset; null when it has its value itself. */
export function referenceOf({ content }: Pick<StoredAsset, "content">): StoredReference | null {
  return (content["vault"] as StoredReference | undefined) ?? null;
}

/** References of assets as the API shows them, by the assets' ids. */
export async function shownReferences(
  store: Pick<Store, "read">,
  assets: readonly StoredAsset[],
): Promise<Map<string, VaultReference>> {
  const references = assets.flatMap((asset) => {
    const reference = referenceOf(asset);
    return reference === null ? [] : [{ assetId: asset.assetId, reference }];
  });
  const vaultIds = [...new Set(references.map(({ reference }) => reference.vaultId))];
  const vaults = vaultIds.length === 0 ? [] : await store.read.assetNames({ assetIds: vaultIds });
  const names = new Map(vaults.map(({ assetId, name }) => [assetId, name]));
  return new Map(
    references.map(({ assetId, reference: { vaultId, path, fields } }) => [
      assetId,
      { vault: names.get(vaultId) ?? `${vaultId} (removed)`, path, fields },
    ]),
  );
}
