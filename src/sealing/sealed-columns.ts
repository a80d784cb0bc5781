import type { SealedRow } from "../store/operations/sealing.ts";
import type { Store } from "../store/store.ts";

/** A column with sealed values, as the rotation of the master key goes through it. */
export interface SealedColumn {
  table: string;
  column: string;
  /** Rows behind that id, in the order of ids; `next` is null at the end. A page may hold none and not be the last. */
  page(after: string | null): Promise<{ rows: SealedRow[]; next: string | null }>;
  /** Replaces the values of rows whose version is still the same, in one transaction. `former`: what was sealed there before. */
  rewrap(rows: (SealedRow & { former: Uint8Array })[]): Promise<void>;
}

/** Rows that are rewrapped in one transaction. */
export const rewrappedAtOnce = 200;

/** The installation's own secrets. */
export function ownSecrets(store: Pick<Store, "read" | "write">): SealedColumn {
  return {
    table: "sealing_secrets",
    column: "sealed",
    async page(after) {
      const rows = await store.read.sealedSecrets({ after, limit: rewrappedAtOnce });
      return { rows, next: rows.length < rewrappedAtOnce ? null : (rows.at(-1)?.rowId ?? null) };
    },
    rewrap: (rows) => store.write.rewrapSecrets({ rows }),
  };
}
