import { notAGroup, notAMember } from "../access-refusals.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { memberKey, memberKeyOf } from "../member-key.ts";
import type { PrincipalKind } from "../operations/access.ts";
import type { GroupMemberReads, GroupMemberWrites } from "../operations/group-members.ts";
import { mustFindPrincipal } from "./principal-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

interface MemberRow {
  member_id: Uint8Array;
  kind: PrincipalKind;
  name: string;
  source: string;
  added_at: number;
  added_by: string;
}

export function groupMemberReads(session: SqliteSession): GroupMemberReads {
  return {
    groupMembers: ({ groupId, after, limit }) => {
      const from = memberKeyOf(after);
      const rows = session.all<MemberRow>(
        `SELECT m.member_id, p.kind, p.name, m.source, m.added_at, m.added_by
         FROM group_members m JOIN principals p ON p.principal_id = m.member_id
         WHERE m.workspace_id = ? AND m.group_id = ? AND (m.member_id, m.source) > (?, ?)
         ORDER BY m.member_id, m.source LIMIT ?`,
        defaultWorkspace,
        idToBytes(groupId),
        from.memberId,
        from.source,
        limit + 1,
      );
      const items = rows.slice(0, limit).map((row) => ({
        principalId: bytesToId(row.member_id),
        kind: row.kind,
        name: row.name,
        source: row.source,
        addedAt: row.added_at,
        addedBy: row.added_by,
      }));
      return { items, next: rows.length > limit ? memberKey(items.at(-1)) : null };
    },

    groupsOf: ({ principalId }) =>
      session
        .all<{ group_id: Uint8Array; name: string; source: string }>(
          `SELECT m.group_id, g.name, m.source FROM group_members m JOIN principals g ON g.principal_id = m.group_id
           WHERE m.workspace_id = ? AND m.member_id = ? ORDER BY g.name, m.source`,
          defaultWorkspace,
          idToBytes(principalId),
        )
        .map(({ group_id, name, source }) => ({ groupId: bytesToId(group_id), name, source })),
  };
}

export function groupMemberWrites(session: SqliteSession): GroupMemberWrites {
  return {
    addGroupMember: ({ groupId, principalId, source, addedBy }) => {
      refuseNoGroup(session, groupId);
      const member = mustFindPrincipal(session, principalId);
      if (member.kind !== "user" && member.kind !== "service-principal") {
        throw notAMember(member);
      }
      return add(session, groupId, principalId, source ?? "", addedBy) > 0;
    },

    removeGroupMember: ({ groupId, principalId }) =>
      session.run(
        "DELETE FROM group_members WHERE workspace_id = ? AND group_id = ? AND member_id = ?",
        defaultWorkspace,
        idToBytes(groupId),
        idToBytes(principalId),
      ) > 0,

    setMemberships: ({ principalId, groupIds, source, addedBy }) => {
      const former = session.all<{ group_id: Uint8Array }>(
        "SELECT group_id FROM group_members WHERE workspace_id = ? AND member_id = ? AND source = ?",
        defaultWorkspace,
        idToBytes(principalId),
        source,
      );
      for (const { group_id } of former) {
        if (!groupIds.includes(bytesToId(group_id))) {
          session.run(
            "DELETE FROM group_members WHERE workspace_id = ? AND group_id = ? AND member_id = ? AND source = ?",
            defaultWorkspace,
            group_id,
            idToBytes(principalId),
            source,
          );
        }
      }
      for (const groupId of groupIds) {
        refuseNoGroup(session, groupId);
        add(session, groupId, principalId, source, addedBy);
      }
    },
  };
}

function add(session: SqliteSession, groupId: string, principalId: string, source: string, addedBy: string): number {
  return session.run(
    `INSERT INTO group_members (workspace_id, group_id, member_id, source, added_at, added_by) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    defaultWorkspace,
    idToBytes(groupId),
    idToBytes(principalId),
    source,
    session.now(),
    addedBy,
  );
}

function refuseNoGroup(session: SqliteSession, groupId: string): void {
  const group = mustFindPrincipal(session, groupId);
  if (group.kind !== "group") {
    throw notAGroup(group.name);
  }
}
