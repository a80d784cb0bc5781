import type { Placement } from "../../contract/api/placement.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import { hostKindOf } from "../../contract/runbook-kind.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { StoredPlacement } from "../operations/dispatch.ts";
import { placementId } from "../placement-id.ts";
import type { SqliteSession } from "./session.ts";

const placementSettings = ["runOn", "standBys", "standByAfter", "requiredTags"] as const satisfies (keyof Placement)[];

interface PlacementRow {
  placement_id: Uint8Array;
  host_kind: HostKind;
  run_on: string;
  stand_bys: string;
  stand_by_after: number;
  required_tags: string;
}

/** Stores a placement, if it is not there yet; gives its id. */
export function storePlacement(session: SqliteSession, hostKind: HostKind, placement: Placement): Uint8Array {
  const id = idToBytes(placementId(hostKind, placement));
  session.run(
    `INSERT INTO placements (placement_id, host_kind, run_on, stand_bys, stand_by_after, required_tags)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    id,
    hostKind,
    JSON.stringify(placement.runOn),
    JSON.stringify(placement.standBys),
    placement.standByAfter,
    JSON.stringify(placement.requiredTags),
  );
  return id;
}

/** @throws Error when there is none: placements are never deleted. */
export function readPlacement(session: SqliteSession, id: Uint8Array): Placement {
  const row = session.first<PlacementRow>("SELECT * FROM placements WHERE placement_id = ?", id);
  if (row === undefined) {
    throw new Error(`The placement ${bytesToId(id)} is gone.`);
  }
  const { runOn, standBys, standByAfter, requiredTags } = toPlacement(row);
  return { runOn, standBys, standByAfter, requiredTags };
}

export function readPlacements(session: SqliteSession): StoredPlacement[] {
  return session.all<PlacementRow>("SELECT * FROM placements").map(toPlacement);
}

export function countPlacements(session: SqliteSession): number {
  return session.first<{ n: number }>("SELECT COUNT(*) AS n FROM placements")?.n ?? 0;
}

/** Whether settings say something of the placement. */
export function namesPlacement(settings: Partial<Placement>): boolean {
  return placementSettings.some((name) => settings[name] !== undefined);
}

/** The id of what a runbook's placement becomes when parts of it are changed. */
export function changedPlacement(
  session: SqliteSession,
  runbookId: Uint8Array,
  change: Partial<Placement>,
): Uint8Array {
  const runbook = session.first<{ kind: RunbookKind; placement_id: Uint8Array }>(
    "SELECT kind, placement_id FROM runbooks WHERE runbook_id = ?",
    runbookId,
  );
  if (runbook === undefined) {
    throw new Error(`The runbook ${bytesToId(runbookId)} is gone in its own transaction.`);
  }
  const before = readPlacement(session, runbook.placement_id);
  return storePlacement(session, hostKindOf[runbook.kind], {
    runOn: change.runOn ?? before.runOn,
    standBys: change.standBys ?? before.standBys,
    standByAfter: change.standByAfter ?? before.standByAfter,
    requiredTags: change.requiredTags ?? before.requiredTags,
  });
}

function toPlacement(row: PlacementRow): StoredPlacement {
  return {
    placementId: bytesToId(row.placement_id),
    hostKind: row.host_kind,
    runOn: JSON.parse(row.run_on) as string[],
    standBys: JSON.parse(row.stand_bys) as string[],
    standByAfter: row.stand_by_after,
    requiredTags: JSON.parse(row.required_tags) as string[],
  };
}
