import type { SealedColumn } from "../../sealing/sealed-columns.ts";
import { rewrappedAtOnce } from "../../sealing/sealed-columns.ts";
import type { SealedPlace } from "../../sealing/sealed-place.ts";
import type { Store } from "../../store/store.ts";

const place = { table: "sign_in_providers", column: "sealed_secret" } as const;

/** Where the client's secret of a provider is sealed. */
export function providerPlace(providerId: string, version: number): SealedPlace {
  return { ...place, rowId: providerId, version };
}

/** The secrets of all providers. */
export function providerSecrets(store: Pick<Store, "read" | "write">): SealedColumn {
  return {
    ...place,
    async page(after) {
      const rows = await store.read.sealedProviderSecrets({ after, limit: rewrappedAtOnce });
      return { rows, next: rows.length < rewrappedAtOnce ? null : (rows.at(-1)?.rowId ?? null) };
    },
    rewrap: (rows) => store.write.rewrapProviderSecrets({ rows }),
  };
}
