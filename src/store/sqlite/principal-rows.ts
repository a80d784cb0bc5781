import { noSuchPrincipal } from "../access-refusals.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { ActingPrincipal, Principal, PrincipalKind } from "../operations/access.ts";
import { readHeldRights } from "./rights.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

export interface PrincipalRow {
  principal_id: Uint8Array;
  kind: PrincipalKind;
  name: string;
  roles: string;
  enabled: number;
  description: string;
  created_at: number;
  modified_at: number | null;
  modified_by: string | null;
  revision: number;
  /** Null where there is no row of users. */
  display_name: string | null;
  email: string | null;
  has_password: number;
  must_change_password: number;
  password_changed_at: number | null;
  signed_in_at: number | null;
}

export const selectPrincipal = `
  SELECT p.principal_id, p.kind, p.name, p.roles, p.enabled, p.description, p.created_at, p.modified_at, p.modified_by, p.revision,
    u.display_name, u.email, u.password_hash IS NOT NULL AS has_password, u.must_change_password, u.password_changed_at,
    u.signed_in_at
  FROM principals p LEFT JOIN users u ON u.principal_id = p.principal_id`;

/** Adds what the groups of a principal give: their ids, and their roles, and all rights. Groups that are disabled give nothing. */
export function withGroups(
  session: SqliteSession,
  principalId: Uint8Array,
  principal: Omit<ActingPrincipal, "groupIds" | "rights">,
): ActingPrincipal {
  const groups = session.all<{ group_id: Uint8Array; roles: string }>(
    `SELECT DISTINCT m.group_id, g.roles FROM group_members m JOIN principals g ON g.principal_id = m.group_id
     WHERE m.workspace_id = ? AND m.member_id = ? AND g.enabled = 1 ORDER BY m.group_id`,
    defaultWorkspace,
    principalId,
  );
  const { kind, name } = principal;
  const roles = [...principal.roles, ...groups.flatMap((group) => JSON.parse(group.roles) as string[])];
  const groupIds = groups.map((group) => bytesToId(group.group_id));
  const rights = readHeldRights(session, principalId);
  return { principalId: principal.principalId, kind, name, roles: [...new Set(roles)], groupIds, rights };
}

export function mustFindPrincipal(session: SqliteSession, principalId: string): Principal {
  const principal = findPrincipal(session, principalId);
  if (principal === null) {
    throw noSuchPrincipal(principalId);
  }
  return principal;
}

export function findPrincipal(session: SqliteSession, principalId: string): Principal | null {
  const row = session.first<PrincipalRow>(`${selectPrincipal} WHERE p.principal_id = ?`, idToBytes(principalId));
  return row === undefined ? null : toPrincipal(row);
}

export function toPrincipal(row: PrincipalRow): Principal {
  return {
    principalId: bytesToId(row.principal_id),
    kind: row.kind,
    name: row.name,
    roles: JSON.parse(row.roles) as string[],
    enabled: row.enabled === 1,
    description: row.description,
    user:
      row.display_name === null
        ? null
        : {
            displayName: row.display_name,
            email: row.email,
            hasPassword: row.has_password === 1,
            mustChangePassword: row.must_change_password === 1,
            passwordChangedAt: row.password_changed_at,
            signedInAt: row.signed_in_at,
          },
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}
