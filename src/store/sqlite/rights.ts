import { noSuchPrincipal } from "../access-refusals.ts";
import { idToBytes } from "../id-bytes.ts";
import type { HeldRight, RightOn, RightReads, RightWrites, StoredRight } from "../operations/rights.ts";
import type { HeldRightRow, RightRow } from "../right-rows.ts";
import { noSubject, rightColumns, toHeldRight, toRight } from "../right-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/** Ready for a `WHERE`; `r` is the right. */
const selectRight = `SELECT ${rightColumns}
  FROM rights r JOIN principals p ON p.principal_id = r.principal_id
  LEFT JOIN folders f ON r.scope = 'folder' AND f.folder_id = r.subject_id
  LEFT JOIN runbooks b ON r.scope = 'runbook' AND b.runbook_id = r.subject_id`;

const firstId = new Uint8Array(16);

/** The rights of a principal and of its groups that are enabled. What is on a folder is on the folders below, too. */
const selectHeldRights = `
  WITH given AS (
    SELECT r.role, r.scope, r.subject_id, r.subject_name, r.asset_kind FROM rights r
    WHERE r.workspace_id = ?1 AND (r.principal_id = ?2 OR r.principal_id IN (
      SELECT m.group_id FROM group_members m JOIN principals g ON g.principal_id = m.group_id
      WHERE m.workspace_id = ?1 AND m.member_id = ?2 AND g.enabled = 1)))
  SELECT role, scope, subject_id, subject_name, asset_kind FROM given
  UNION
  SELECT given.role, given.scope, below.folder_id, '', NULL
  FROM given JOIN folders f ON given.scope = 'folder' AND f.folder_id = given.subject_id JOIN folders below
    ON below.workspace_id = f.workspace_id AND substr(below.name, 1, length(f.name) + 1) = f.name || '/' COLLATE NOCASE`;

/** What a principal may do, by itself and by its groups. */
export function readHeldRights(session: SqliteSession, principalId: Uint8Array): HeldRight[] {
  return session.all<HeldRightRow>(selectHeldRights, defaultWorkspace, principalId).map(toHeldRight);
}

export function rightReads(session: SqliteSession): RightReads {
  return {
    rights: ({ principalId, on, after, limit }) => {
      const rows = session.all<RightRow>(
        `${selectRight} WHERE r.workspace_id = ?1 AND r.right_id > ?2 AND (?3 IS NULL OR r.principal_id = ?3)
           AND (?4 IS NULL OR (r.scope = ?4 AND r.subject_id = ?5 AND r.subject_name = ?6)) ORDER BY r.right_id LIMIT ?7`,
        defaultWorkspace,
        after === undefined ? firstId : idToBytes(after),
        principalId === undefined ? null : idToBytes(principalId),
        on?.scope ?? null,
        subjectId(on),
        on?.name ?? "",
        limit + 1,
      );
      const items = rows.slice(0, limit).map(toRight);
      return { items, next: rows.length > limit ? (items.at(-1)?.rightId ?? null) : null };
    },
    right: ({ rightId }) => findRight(session, idToBytes(rightId)),
  };
}

export function rightWrites(session: SqliteSession): RightWrites {
  return {
    giveRight: ({ principalId, role, on, givenBy }) => {
      const principal = idToBytes(principalId);
      if (session.first("SELECT 1 FROM principals WHERE principal_id = ?", principal) === undefined) {
        throw noSuchPrincipal(principalId);
      }
      const subject = [defaultWorkspace, principal, on.scope, subjectId(on), on.name ?? ""];
      const former = session.first<{ right_id: Uint8Array }>(
        `SELECT right_id FROM rights
         WHERE workspace_id = ? AND principal_id = ? AND scope = ? AND subject_id = ? AND subject_name = ?`,
        ...subject,
      );
      const rightId = former?.right_id ?? idToBytes(session.newId());
      if (former === undefined) {
        session.run(
          `INSERT INTO rights (workspace_id, principal_id, scope, subject_id, subject_name, right_id, role, asset_kind, given_at, given_by)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ...subject,
          rightId,
          role,
          on.assetKind,
          session.now(),
          givenBy,
        );
      } else {
        session.run(
          "UPDATE rights SET role = ?, given_at = ?, given_by = ? WHERE right_id = ?",
          role,
          session.now(),
          givenBy,
          rightId,
        );
      }
      const right = findRight(session, rightId);
      if (right === null) {
        throw new Error("A right is gone in its own transaction.");
      }
      return { right, created: former === undefined };
    },

    takeRight: ({ rightId }) => {
      const right = findRight(session, idToBytes(rightId));
      session.run("DELETE FROM rights WHERE right_id = ?", idToBytes(rightId));
      return right;
    },
  };
}

/** What is gone leaves no rights on it. */
export function dropRightsOn(session: SqliteSession, on: Pick<RightOn, "scope" | "id" | "name">): void {
  session.run(
    "DELETE FROM rights WHERE workspace_id = ? AND scope = ? AND subject_id = ? AND subject_name = ?",
    defaultWorkspace,
    on.scope,
    subjectId(on),
    on.name ?? "",
  );
}

function subjectId(on: Pick<RightOn, "id"> | undefined): Uint8Array {
  return idToBytes(on?.id ?? noSubject);
}

function findRight(session: SqliteSession, rightId: Uint8Array): StoredRight | null {
  const row = session.first<RightRow>(`${selectRight} WHERE r.right_id = ?`, rightId);
  return row === undefined ? null : toRight(row);
}
