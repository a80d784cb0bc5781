import type { Placement } from "../../contract/api/placement.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import { bytesToId } from "../id-bytes.ts";
import type { StoredPlacement } from "../operations/dispatch.ts";
import { placementId } from "../placement-id.ts";
import type { MssqlSession } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { id, json } from "./sql-values.ts";

/** A row of `placements`. */
export interface PlacementRow {
  placement_id: Uint8Array;
  host_kind: HostKind;
  run_on: string;
  stand_bys: string;
  stand_by_after: number;
  required_tags: string;
}

/** Stores a placement, if it is not there yet; gives its id. */
export async function storePlacement(session: MssqlSession, hostKind: HostKind, placement: Placement): Promise<string> {
  const placed = placementId(hostKind, placement);
  try {
    await session.run(
      `INSERT INTO runsmith.placements (placement_id, host_kind, run_on, stand_bys, stand_by_after, required_tags)
       SELECT @placement_id, @host_kind, @run_on, @stand_bys, @stand_by_after, @required_tags
       WHERE NOT EXISTS (SELECT 1 FROM runsmith.placements WHERE placement_id = @placement_id)`,
      {
        placement_id: id(placed),
        host_kind: hostKind,
        run_on: json(placement.runOn),
        stand_bys: json(placement.standBys),
        stand_by_after: placement.standByAfter,
        required_tags: json(placement.requiredTags),
      },
    );
  } catch (error) {
    // Another service stored it in this moment.
    if (!isDuplicate(error)) {
      throw error;
    }
  }
  return placed;
}

export async function readPlacements(session: MssqlSession): Promise<StoredPlacement[]> {
  const rows = await session.all<PlacementRow>(
    "SELECT placement_id, host_kind, run_on, stand_bys, stand_by_after, required_tags FROM runsmith.placements",
  );
  return rows.map((row) => ({
    placementId: bytesToId(row.placement_id),
    hostKind: row.host_kind,
    ...toPlacement(row),
  }));
}

export async function countPlacements(session: MssqlSession): Promise<number> {
  return (
    (await session.first<{ placements: number }>("SELECT COUNT(*) AS placements FROM runsmith.placements"))
      ?.placements ?? 0
  );
}

/** A placement as the border has it. */
export function toPlacement(row: Omit<PlacementRow, "placement_id" | "host_kind">): Placement {
  return {
    runOn: JSON.parse(row.run_on) as string[],
    standBys: JSON.parse(row.stand_bys) as string[],
    standByAfter: row.stand_by_after,
    requiredTags: JSON.parse(row.required_tags) as string[],
  };
}
