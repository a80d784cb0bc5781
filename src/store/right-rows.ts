import type { RightScope, RightsRole } from "../contract/api/right.ts";
import { bytesToId } from "./id-bytes.ts";
import type { HeldRight, RightOn, StoredRight } from "./operations/rights.ts";

/* Rights as both databases give them. */

/** The id of what is named, or needs no name. */
export const noSubject = "00000000-0000-0000-0000-000000000000";

export interface RightRow {
  right_id: Uint8Array;
  principal_id: Uint8Array;
  principal_kind: string;
  principal_name: string;
  role: RightsRole;
  scope: RightScope;
  subject_id: Uint8Array;
  subject_name: string;
  asset_kind: string | null;
  /** Of a folder or a runbook, now. */
  thing_name: string | null;
  given_at: number;
  given_by: string;
}

export const rightColumns = `
  r.right_id, r.principal_id, p.kind AS principal_kind, p.name AS principal_name, r.role, r.scope, r.subject_id, r.subject_name,
  r.asset_kind, COALESCE(f.name, b.name) AS thing_name, r.given_at, r.given_by`;

export function toRight(row: RightRow): StoredRight {
  const on = onOf(row.scope, bytesToId(row.subject_id), row.subject_name, row.asset_kind);
  return {
    rightId: bytesToId(row.right_id),
    principalId: bytesToId(row.principal_id),
    principalKind: row.principal_kind,
    principalName: row.principal_name,
    role: row.role,
    on: { ...on, name: on.name ?? row.thing_name },
    givenAt: row.given_at,
    givenBy: row.given_by,
  };
}

/** A right as it is held, by whatever it came. */
export interface HeldRightRow {
  role: RightsRole;
  scope: RightScope;
  subject_id: Uint8Array;
  subject_name: string;
  asset_kind: string | null;
}

export function toHeldRight({ role, ...on }: HeldRightRow): HeldRight {
  return { role, ...onOf(on.scope, bytesToId(on.subject_id), on.subject_name, on.asset_kind) };
}

function onOf(scope: RightScope, id: string, name: string, assetKind: string | null): RightOn {
  return { scope, id: id === noSubject ? null : id, name: name === "" ? null : name, assetKind };
}
