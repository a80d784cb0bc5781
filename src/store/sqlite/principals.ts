import { principalChanged, principalExists } from "../access-refusals.ts";
import { idToBytes } from "../id-bytes.ts";
import type { AccessReads, AccessWrites, Principal } from "../operations/access.ts";
import type { PrincipalRow } from "./principal-rows.ts";
import { findPrincipal, mustFindPrincipal, selectPrincipal, toPrincipal, withGroups } from "./principal-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { endSessions } from "./sessions.ts";
import { insertToken } from "./tokens.ts";
import { setUser } from "./users.ts";

type PrincipalReads = Pick<AccessReads, "principal" | "principalByName" | "principals" | "actingPrincipal">;
type PrincipalWrites = Pick<AccessWrites, "createPrincipal" | "changePrincipal" | "deletePrincipal">;

export function principalReads(session: SqliteSession): PrincipalReads {
  return {
    principal: ({ principalId }) => findPrincipal(session, principalId),

    principalByName: ({ kind, name }) => {
      const row = session.first<PrincipalRow>(
        `${selectPrincipal} WHERE p.workspace_id = ? AND p.kind = ? AND p.name = ?`,
        defaultWorkspace,
        kind,
        name,
      );
      return row === undefined ? null : toPrincipal(row);
    },

    principals: ({ kind, after, limit }) => {
      const rows = session.all<PrincipalRow>(
        `${selectPrincipal} WHERE p.workspace_id = ? AND p.kind = ? AND p.name > ? ORDER BY p.name LIMIT ?`,
        defaultWorkspace,
        kind,
        after ?? "",
        limit + 1,
      );
      const items = rows.slice(0, limit).map(toPrincipal);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },

    actingPrincipal: ({ principalId }) => {
      const principal = findPrincipal(session, principalId);
      return principal === null
        ? null
        : { ...withGroups(session, idToBytes(principalId), principal), enabled: principal.enabled };
    },
  };
}

export function principalWrites(session: SqliteSession): PrincipalWrites {
  return {
    createPrincipal: ({ kind, name, roles, description, user, token, createdBy }) => {
      const principalId = session.newId();
      const inserted = session.run(
        `INSERT INTO principals (workspace_id, principal_id, kind, name, roles, description, created_at, modified_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, kind, name) DO NOTHING`,
        defaultWorkspace,
        idToBytes(principalId),
        kind,
        name,
        JSON.stringify(roles),
        description ?? "",
        session.now(),
        createdBy ?? null,
      );
      if (inserted === 0) {
        throw principalExists({ kind, name });
      }
      if (user !== undefined) {
        setUser(session, principalId, user);
      }
      return { principalId, tokenId: token === undefined ? null : insertToken(session, principalId, token) };
    },

    changePrincipal: (change) => {
      const { principalId, roles, enabled, description, user, changedBy } = change;
      const former = mustFindPrincipal(session, principalId);
      refuseOtherRevision(former, change.expectedRevision);
      session.run(
        `UPDATE principals SET roles = coalesce(?, roles), enabled = coalesce(?, enabled), description = coalesce(?, description),
           modified_at = ?, modified_by = ?, revision = revision + 1
         WHERE principal_id = ?`,
        roles === undefined ? null : JSON.stringify(roles),
        enabled === undefined ? null : Number(enabled),
        description ?? null,
        session.now(),
        changedBy ?? null,
        idToBytes(principalId),
      );
      if (user !== undefined) {
        setUser(session, principalId, user);
      }
      if (enabled !== undefined && enabled !== former.enabled) {
        noteRunAsChange(session, principalId);
      }
      if (enabled === false || user?.passwordHash !== undefined) {
        endSessions(session, principalId, change.keepSession);
      }
      return mustFindPrincipal(session, principalId);
    },

    deletePrincipal: ({ principalId, expectedRevision }) => {
      if (expectedRevision !== undefined) {
        refuseOtherRevision(mustFindPrincipal(session, principalId), expectedRevision);
      }
      session.run(
        "DELETE FROM group_members WHERE workspace_id = ? AND group_id = ?",
        defaultWorkspace,
        idToBytes(principalId),
      );
      noteRunAsChange(session, principalId);
      return session.run("DELETE FROM principals WHERE principal_id = ?", idToBytes(principalId)) > 0;
    },
  };
}

/** Runbooks show whether jobs can act as they should: nobody changed them, but what is remembered of them is wrong. */
function noteRunAsChange(session: SqliteSession, principalId: string): void {
  session.run("UPDATE runbooks SET revision = revision + 1 WHERE run_as = ?", idToBytes(principalId));
}

function refuseOtherRevision(principal: Principal, expected: number | undefined): void {
  if (expected !== undefined && expected !== principal.revision) {
    throw principalChanged(principal.name);
  }
}
