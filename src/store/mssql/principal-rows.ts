import { noSuchPrincipal } from "../access-refusals.ts";
import { bytesToId } from "../id-bytes.ts";
import type { ActingPrincipal, Principal, PrincipalKind } from "../operations/access.ts";
import type { HeldRightRow } from "../right-rows.ts";
import { toHeldRight } from "../right-rows.ts";
import { selectHeldRights } from "./rights.ts";
import type { MssqlSession } from "./session.ts";
import type { SqlValues } from "./sql-values.ts";
import { id } from "./sql-values.ts";

export interface PrincipalRow {
  principal_id: Uint8Array;
  kind: PrincipalKind;
  name: string;
  roles: string;
  enabled: boolean;
  description: string;
  created_at: number;
  modified_at: number | null;
  modified_by: string | null;
  revision: number;
  /** Null where there is no row of users. */
  display_name: string | null;
  email: string | null;
  has_password: number;
  must_change_password: boolean;
  password_changed_at: number | null;
  signed_in_at: number | null;
}

export const principalColumns = `p.principal_id, p.kind, p.name, p.roles, p.enabled, p.description, p.created_at, p.modified_at,
    p.modified_by, p.revision, u.display_name, u.email, CASE WHEN u.password_hash IS NULL THEN 0 ELSE 1 END AS has_password,
    u.must_change_password, u.password_changed_at, u.signed_in_at
  FROM runsmith.principals p LEFT JOIN runsmith.users u ON u.principal_id = p.principal_id`;

/** The groups of the principal @principal_id, which the text before it declares. Groups that are disabled give nothing. */
const selectGroups = `
  SELECT DISTINCT m.group_id, g.roles FROM runsmith.group_members m
  JOIN runsmith.principals g ON g.principal_id = m.group_id
  WHERE m.workspace_id = 0x00000000000000000000000000000000 AND m.member_id = @principal_id AND g.enabled = 1
  ORDER BY m.group_id`;

/** What is read of a principal by whatever text, for `readWithGroups`. */
export interface ActingRow {
  principal_id: Uint8Array;
  kind: PrincipalKind;
  name: string;
  roles: string;
}

/**
 * Reads a row of a principal together with its groups and rights, in one round trip.
 * @param text declares or takes `@principal_id`, and selects one row with the columns of `ActingRow`
 */
export async function readWithGroups<Row extends ActingRow>(
  session: MssqlSession,
  text: string,
  values: SqlValues,
): Promise<{ row: Row; acting: ActingPrincipal } | null> {
  const { recordsets } = await session.query(`${text};${selectGroups};${selectHeldRights}`, values);
  const [rows = [], groups = [], rights = []] = recordsets as unknown as [
    Row[],
    { group_id: Uint8Array; roles: string }[],
    HeldRightRow[],
  ];
  const [row] = rows;
  if (row === undefined) {
    return null;
  }
  const ownRoles = JSON.parse(row.roles) as string[];
  const roles = [...ownRoles, ...groups.flatMap((group) => JSON.parse(group.roles) as string[])];
  return {
    row,
    acting: {
      principalId: bytesToId(row.principal_id),
      kind: row.kind,
      name: row.name,
      roles: [...new Set(roles)],
      groupIds: groups.map(({ group_id }) => bytesToId(group_id)),
      rights: rights.map(toHeldRight),
    },
  };
}

export async function mustFindPrincipal(session: MssqlSession, principalId: string): Promise<Principal> {
  const principal = await findPrincipal(session, principalId);
  if (principal === null) {
    throw noSuchPrincipal(principalId);
  }
  return principal;
}

export async function findPrincipal(session: MssqlSession, principalId: string): Promise<Principal | null> {
  const row = await session.first<PrincipalRow>(`SELECT ${principalColumns} WHERE p.principal_id = @principal_id`, {
    principal_id: id(principalId),
  });
  return row === undefined ? null : toPrincipal(row);
}

export function toPrincipal(row: PrincipalRow): Principal {
  return {
    principalId: bytesToId(row.principal_id),
    kind: row.kind,
    name: row.name,
    roles: JSON.parse(row.roles) as string[],
    enabled: row.enabled,
    description: row.description,
    user:
      row.display_name === null
        ? null
        : {
            displayName: row.display_name,
            email: row.email,
            hasPassword: row.has_password === 1,
            mustChangePassword: row.must_change_password,
            passwordChangedAt: row.password_changed_at,
            signedInAt: row.signed_in_at,
          },
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}
