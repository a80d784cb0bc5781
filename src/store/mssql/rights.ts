import { noSuchPrincipal } from "../access-refusals.ts";
import { bytesToId } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
import type { RightOn, RightReads, RightWrites, StoredRight } from "../operations/rights.ts";
import type { RightRow } from "../right-rows.ts";
import { noSubject, rightColumns, toRight } from "../right-rows.ts";
import type { Asynchronous } from "../store.ts";
import { noteRevoked } from "./revoked-tokens.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { id, int, text } from "./sql-values.ts";

/** Ready for a `WHERE`; `r` is the right. */
const fromRights = `${rightColumns}
  FROM runsmith.rights r JOIN runsmith.principals p ON p.principal_id = r.principal_id
  LEFT JOIN runsmith.folders f ON r.scope = N'folder' AND f.folder_id = r.subject_id
  LEFT JOIN runsmith.runbooks b ON r.scope = N'runbook' AND b.runbook_id = r.subject_id`;

/**
 * The rights of the principal @principal_id, which the text before it declares, and of its groups that are enabled. What is on a folder is
 * on the folders below, too.
 */
export const selectHeldRights = `
  WITH given AS (
    SELECT r.role, r.scope, r.subject_id, r.subject_name, r.asset_kind FROM runsmith.rights r
    WHERE r.workspace_id = 0x00000000000000000000000000000000 AND (r.principal_id = @principal_id OR r.principal_id IN (
      SELECT m.group_id FROM runsmith.group_members m JOIN runsmith.principals g ON g.principal_id = m.group_id
      WHERE m.workspace_id = 0x00000000000000000000000000000000 AND m.member_id = @principal_id AND g.enabled = 1)))
  SELECT role, scope, subject_id, subject_name, asset_kind FROM given
  UNION
  SELECT given.role, given.scope, below.folder_id, N'', NULL
  FROM given JOIN runsmith.folders f ON given.scope = N'folder' AND f.folder_id = given.subject_id JOIN runsmith.folders below
    ON below.workspace_id = f.workspace_id AND LEFT(below.name, LEN(f.name) + 1) = f.name + N'/'`;

export function rightReads(session: MssqlSession): Asynchronous<RightReads> {
  return {
    rights: async ({ principalId, on, after, limit }) => {
      const rows = await session.all<RightRow>(
        `SELECT TOP (@limit) ${fromRights}
         WHERE r.workspace_id = @workspace_id AND r.right_id > @after AND (@principal_id IS NULL OR r.principal_id = @principal_id)
           AND (@scope IS NULL OR (r.scope = @scope AND r.subject_id = @subject_id AND r.subject_name = @subject_name))
         ORDER BY r.right_id`,
        {
          workspace_id: id(defaultWorkspace),
          after: id(after ?? noSubject),
          principal_id: id(principalId ?? null),
          scope: text(on?.scope ?? null),
          subject_id: id(on?.id ?? noSubject),
          subject_name: text(on?.name ?? ""),
          limit: int(limit + 1),
        },
      );
      const items = rows.slice(0, limit).map(toRight);
      return { items, next: rows.length > limit ? (items.at(-1)?.rightId ?? null) : null };
    },
    right: ({ rightId }) => findRight(session, rightId),
  };
}

export const rightWriteRules: WriteRules<RightWrites> = {
  giveRight: "kept",
  takeRight: "kept",
};

export function rightWrites(session: MssqlSession): Asynchronous<RightWrites> {
  return {
    giveRight: async ({ principalId, role, on, givenBy }) => {
      const principal = { principal_id: id(principalId) };
      // Held until the commit, so that of two that give the same right the second finds the first one's.
      const there = await session.first(
        "SELECT principal_id FROM runsmith.principals WITH (UPDLOCK) WHERE principal_id = @principal_id",
        principal,
      );
      if (there === undefined) {
        throw noSuchPrincipal(principalId);
      }
      const subject = {
        ...principal,
        workspace_id: id(defaultWorkspace),
        scope: text(on.scope),
        subject_id: id(on.id ?? noSubject),
        subject_name: text(on.name ?? ""),
      };
      const former = await session.first<{ right_id: Uint8Array }>(
        `SELECT right_id FROM runsmith.rights
         WHERE workspace_id = @workspace_id AND principal_id = @principal_id AND scope = @scope AND subject_id = @subject_id
           AND subject_name = @subject_name`,
        subject,
      );
      const rightId = former === undefined ? newId() : bytesToId(former.right_id);
      const given = { right_id: id(rightId), role: text(role), given_by: text(givenBy) };
      if (former === undefined) {
        await session.run(
          `INSERT INTO runsmith.rights
             (workspace_id, right_id, principal_id, role, scope, subject_id, subject_name, asset_kind, given_at, given_by)
           VALUES (@workspace_id, @right_id, @principal_id, @role, @scope, @subject_id, @subject_name, @asset_kind,
             CAST(SYSUTCDATETIME() AS datetime2(3)), @given_by)`,
          { ...subject, ...given, asset_kind: text(on.assetKind) },
        );
      } else {
        await session.run(
          `UPDATE runsmith.rights SET role = @role, given_at = CAST(SYSUTCDATETIME() AS datetime2(3)), given_by = @given_by
           WHERE right_id = @right_id`,
          given,
        );
      }
      await noteRevoked(session, principalId);
      const right = await findRight(session, rightId);
      if (right === null) {
        throw new Error("A right is gone in its own transaction.");
      }
      return { right, created: former === undefined };
    },

    takeRight: async ({ rightId }) => {
      const right = await findRight(session, rightId);
      await session.run("DELETE FROM runsmith.rights WHERE right_id = @right_id", { right_id: id(rightId) });
      if (right !== null) {
        await noteRevoked(session, right.principalId);
      }
      return right;
    },
  };
}

/** What is gone leaves no rights on it. */
export async function dropRightsOn(session: MssqlSession, on: Pick<RightOn, "scope" | "id" | "name">): Promise<void> {
  await session.run(
    `DELETE FROM runsmith.rights
     WHERE workspace_id = @workspace_id AND scope = @scope AND subject_id = @subject_id AND subject_name = @subject_name`,
    {
      workspace_id: id(defaultWorkspace),
      scope: text(on.scope),
      subject_id: id(on.id ?? noSubject),
      subject_name: text(on.name ?? ""),
    },
  );
}

async function findRight(session: MssqlSession, rightId: string): Promise<StoredRight | null> {
  const row = await session.first<RightRow>(`SELECT ${fromRights} WHERE r.right_id = @right_id`, {
    right_id: id(rightId),
  });
  return row === undefined ? null : toRight(row);
}
