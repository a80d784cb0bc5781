import type { TableValue } from "./sql-values.ts";
import { TableType } from "./sql-values.ts";

const places = new TableType("runsmith.Places", { runbook_id: "binary(16)", places: "int" });

/** The place that one suspended job of a runbook holds under its concurrency limit, to be given up. */
export function suspendedPlaces(runbookId: Uint8Array): TableValue {
  return places.of([{ runbook_id: runbookId, places: 1 }]);
}
