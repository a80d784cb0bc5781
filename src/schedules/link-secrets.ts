import { SealedParameters, sealedValues } from "../jobs/sealed-parameters.ts";
import type { SealedColumn } from "../sealing/sealed-columns.ts";
import { rewrappedAtOnce } from "../sealing/sealed-columns.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { Store } from "../store/store.ts";

const table = "schedule_links";

/** Secret parameters of links: sealed when they are set, opened for each start. */
export function linkParameters(sealer: Sealer | null): SealedParameters {
  return new SealedParameters(sealer, table);
}

/** For the rotation of the master key. */
export function linkParametersColumn(store: Pick<Store, "read" | "write">): SealedColumn {
  return {
    table,
    column: "parameters",
    async page(after) {
      const { items, next } = await store.read.scheduleLinks({
        limit: rewrappedAtOnce,
        ...(after !== null && { after }),
      });
      const rows = items.flatMap(({ linkId, parameters, secretNames, parametersVersion }) =>
        sealedValues(parameters, secretNames).map((value) => ({ rowId: linkId, version: parametersVersion, ...value })),
      );
      return { rows, next };
    },
    rewrap: (rows) =>
      store.write.rewrapLinkParameters({
        values: rows.map(({ rowId, former, sealed }) => ({
          linkId: rowId,
          former: Buffer.from(former).toString("base64"),
          sealed: Buffer.from(sealed).toString("base64"),
        })),
      }),
  };
}
