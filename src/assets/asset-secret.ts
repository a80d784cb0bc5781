import type { SealedColumn } from "../sealing/sealed-columns.ts";
import { rewrappedAtOnce } from "../sealing/sealed-columns.ts";
import type { SealedPlace } from "../sealing/sealed-place.ts";
import type { Store } from "../store/store.ts";

/** Where the secret of an asset is sealed. */
export function assetPlace(assetId: string, valueVersion: number): SealedPlace {
  return { table: "assets", column: "sealed", rowId: assetId, version: valueVersion };
}

/** The secrets of all assets. */
export function assetSecrets(store: Pick<Store, "read" | "write">): SealedColumn {
  return {
    table: "assets",
    column: "sealed",
    async page(after) {
      const rows = await store.read.sealedAssets({ after, limit: rewrappedAtOnce });
      return { rows, next: rows.length < rewrappedAtOnce ? null : (rows.at(-1)?.rowId ?? null) };
    },
    rewrap: (rows) => store.write.rewrapAssets({ rows }),
  };
}
