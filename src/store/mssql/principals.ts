import { principalChanged, principalExists } from "../access-refusals.ts";
import { newId } from "../new-id.ts";
import type { AccessReads, AccessWrites } from "../operations/access.ts";
import type { Asynchronous } from "../store.ts";
import type { ActingRow, PrincipalRow } from "./principal-rows.ts";
import { findPrincipal, mustFindPrincipal, principalColumns, readWithGroups, toPrincipal } from "./principal-rows.ts";
import { noteMembers, noteRevoked } from "./revoked-tokens.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { endSessions } from "./sessions.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bit, id, int, json, text } from "./sql-values.ts";
import { insertToken } from "./tokens.ts";
import { setUser } from "./users.ts";

type PrincipalReads = Pick<AccessReads, "principal" | "principalByName" | "principals" | "actingPrincipal">;
type PrincipalWrites = Pick<AccessWrites, "createPrincipal" | "changePrincipal" | "deletePrincipal">;

export function principalReads(session: MssqlSession): Asynchronous<PrincipalReads> {
  return {
    principal: ({ principalId }) => findPrincipal(session, principalId),

    principalByName: async ({ kind, name }) => {
      const row = await session.first<PrincipalRow>(
        `SELECT ${principalColumns} WHERE p.workspace_id = @workspace_id AND p.kind = @kind AND p.name = @name`,
        { workspace_id: id(defaultWorkspace), kind, name },
      );
      return row === undefined ? null : toPrincipal(row);
    },

    principals: async ({ kind, after, limit }) => {
      const rows = await session.all<PrincipalRow>(
        `SELECT TOP (@limit) ${principalColumns}
         WHERE p.workspace_id = @workspace_id AND p.kind = @kind AND p.name > @after ORDER BY p.name`,
        { workspace_id: id(defaultWorkspace), kind, after: text(after ?? ""), limit: int(limit + 1) },
      );
      const items = rows.slice(0, limit).map(toPrincipal);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },

    actingPrincipal: async ({ principalId }) => {
      const found = await readWithGroups<ActingRow & { enabled: boolean }>(
        session,
        `SELECT p.principal_id, p.kind, p.name, p.roles, p.enabled FROM runsmith.principals p
         WHERE p.principal_id = @principal_id`,
        { principal_id: id(principalId) },
      );
      return found === null ? null : { ...found.acting, enabled: found.row.enabled };
    },
  };
}

export const principalWriteRules: WriteRules<PrincipalWrites> = {
  createPrincipal: "kept",
  changePrincipal: "kept",
  deletePrincipal: "kept",
};

export function principalWrites(session: MssqlSession): Asynchronous<PrincipalWrites> {
  return {
    createPrincipal: async ({ kind, name, roles, description, user, token, createdBy }) => {
      const principalId = newId();
      try {
        await session.run(
          `INSERT INTO runsmith.principals (workspace_id, principal_id, kind, name, roles, description, created_at, modified_by)
           VALUES (@workspace_id, @principal_id, @kind, @name, @roles, @description, CAST(SYSUTCDATETIME() AS datetime2(3)),
             @created_by)`,
          {
            workspace_id: id(defaultWorkspace),
            principal_id: id(principalId),
            kind,
            name,
            roles: json(roles),
            description: text(description ?? ""),
            created_by: text(createdBy ?? null),
          },
        );
      } catch (error) {
        if (!isDuplicate(error)) {
          throw error;
        }
        throw principalExists({ kind, name });
      }
      if (user !== undefined) {
        await setUser(session, principalId, user);
      }
      return { principalId, tokenId: token === undefined ? null : await insertToken(session, principalId, token) };
    },

    changePrincipal: async (change) => {
      const { principalId, roles, enabled, description, user } = change;
      const former = await mustFindPrincipal(session, principalId);
      const changed = await session.run(
        `UPDATE runsmith.principals SET roles = COALESCE(@roles, roles), enabled = COALESCE(@enabled, enabled),
           description = COALESCE(@description, description), modified_at = CAST(SYSUTCDATETIME() AS datetime2(3)),
           modified_by = @changed_by, revision = revision + 1
         WHERE principal_id = @principal_id AND (@expected IS NULL OR revision = @expected)`,
        {
          principal_id: id(principalId),
          roles: json(roles),
          enabled: bit(enabled ?? null),
          description: text(description ?? null),
          changed_by: text(change.changedBy ?? null),
          expected: int(change.expectedRevision ?? null),
        },
      );
      if (changed === 0) {
        throw principalChanged(former.name);
      }
      if (user !== undefined) {
        await setUser(session, principalId, user);
      }
      if (enabled !== undefined && enabled !== former.enabled) {
        await noteRunAsChange(session, principalId);
      }
      // Others remember what the principal may do by its tokens and sessions.
      await noteRevoked(session, principalId);
      if (former.kind === "group" && enabled === true && !former.enabled) {
        await noteMembers(session, principalId);
      }
      if (enabled === false || user?.passwordHash !== undefined) {
        await endSessions(session, principalId, change.keepSession);
      }
      return mustFindPrincipal(session, principalId);
    },

    deletePrincipal: async ({ principalId, expectedRevision }) => {
      await noteRevoked(session, principalId);
      await noteRunAsChange(session, principalId);
      await session.run(
        "DELETE FROM runsmith.group_members WHERE workspace_id = @workspace_id AND group_id = @principal_id",
        { workspace_id: id(defaultWorkspace), principal_id: id(principalId) },
      );
      const deleted = await session.run(
        `DELETE FROM runsmith.principals
         WHERE principal_id = @principal_id AND (@expected IS NULL OR revision = @expected)`,
        { principal_id: id(principalId), expected: int(expectedRevision ?? null) },
      );
      if (deleted === 0 && expectedRevision !== undefined) {
        throw principalChanged((await mustFindPrincipal(session, principalId)).name);
      }
      return deleted > 0;
    },
  };
}

/** Runbooks show whether jobs can act as they should: nobody changed them, but what is remembered of them is wrong. */
async function noteRunAsChange(session: MssqlSession, principalId: string): Promise<void> {
  await session.run("UPDATE runsmith.runbooks SET revision = revision + 1 WHERE run_as = @principal_id", {
    principal_id: id(principalId),
  });
}
