import { notAGroup, notAMember } from "../access-refusals.ts";
import { bytesToId } from "../id-bytes.ts";
import { memberKey, memberKeyOf } from "../member-key.ts";
import type { PrincipalKind } from "../operations/access.ts";
import type { GroupMemberReads, GroupMemberWrites } from "../operations/group-members.ts";
import type { Asynchronous } from "../store.ts";
import { mustFindPrincipal } from "./principal-rows.ts";
import { noteRevoked } from "./revoked-tokens.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { id, idBytes, int, text } from "./sql-values.ts";

interface MemberRow {
  member_id: Uint8Array;
  kind: PrincipalKind;
  name: string;
  source: string;
  added_at: number;
  added_by: string;
}

export function groupMemberReads(session: MssqlSession): Asynchronous<GroupMemberReads> {
  return {
    groupMembers: async ({ groupId, after, limit }) => {
      const from = memberKeyOf(after);
      const rows = await session.all<MemberRow>(
        `SELECT TOP (@limit) m.member_id, p.kind, p.name, m.source, m.added_at, m.added_by
         FROM runsmith.group_members m JOIN runsmith.principals p ON p.principal_id = m.member_id
         WHERE m.workspace_id = @workspace_id AND m.group_id = @group_id
           AND (m.member_id > @member_id OR (m.member_id = @member_id AND m.source > @source))
         ORDER BY m.member_id, m.source`,
        {
          workspace_id: id(defaultWorkspace),
          group_id: id(groupId),
          member_id: idBytes(from.memberId),
          source: text(from.source),
          limit: int(limit + 1),
        },
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

    groupsOf: async ({ principalId }) => {
      const rows = await session.all<{ group_id: Uint8Array; name: string; source: string }>(
        `SELECT m.group_id, g.name, m.source FROM runsmith.group_members m
         JOIN runsmith.principals g ON g.principal_id = m.group_id
         WHERE m.workspace_id = @workspace_id AND m.member_id = @member_id ORDER BY g.name, m.source`,
        { workspace_id: id(defaultWorkspace), member_id: id(principalId) },
      );
      return rows.map(({ group_id, name, source }) => ({ groupId: bytesToId(group_id), name, source }));
    },
  };
}

export const groupMemberWriteRules: WriteRules<GroupMemberWrites> = {
  addGroupMember: "kept",
  removeGroupMember: "kept",
  setMemberships: "repeatable",
};

export function groupMemberWrites(session: MssqlSession): Asynchronous<GroupMemberWrites> {
  return {
    addGroupMember: async ({ groupId, principalId, source, addedBy }) => {
      await refuseNoGroup(session, groupId);
      const member = await mustFindPrincipal(session, principalId);
      if (member.kind !== "user" && member.kind !== "service-principal") {
        throw notAMember(member);
      }
      return add(session, groupId, principalId, source ?? "", addedBy);
    },

    removeGroupMember: ({ groupId, principalId }) => remove(session, groupId, principalId, null),

    setMemberships: async ({ principalId, groupIds, source, addedBy }) => {
      const former = await session.all<{ group_id: Uint8Array }>(
        `SELECT group_id FROM runsmith.group_members
         WHERE workspace_id = @workspace_id AND member_id = @member_id AND source = @source`,
        { workspace_id: id(defaultWorkspace), member_id: id(principalId), source: text(source) },
      );
      for (const groupId of former.map(({ group_id }) => bytesToId(group_id))) {
        if (!groupIds.includes(groupId)) {
          await remove(session, groupId, principalId, source);
        }
      }
      for (const groupId of groupIds) {
        await refuseNoGroup(session, groupId);
        await add(session, groupId, principalId, source, addedBy);
      }
    },
  };
}

async function add(
  session: MssqlSession,
  groupId: string,
  principalId: string,
  source: string,
  addedBy: string,
): Promise<boolean> {
  const added = await session.run(
    `INSERT INTO runsmith.group_members (workspace_id, group_id, member_id, source, added_at, added_by)
     SELECT @workspace_id, @group_id, @member_id, @source, CAST(SYSUTCDATETIME() AS datetime2(3)), @added_by
     WHERE NOT EXISTS (SELECT 1 FROM runsmith.group_members WITH (UPDLOCK, HOLDLOCK) WHERE workspace_id = @workspace_id
       AND group_id = @group_id AND member_id = @member_id AND source = @source)`,
    { ...keyOf(groupId, principalId, source), added_by: text(addedBy) },
  );
  if (added > 0) {
    await noteRevoked(session, principalId);
  }
  return added > 0;
}

/** @param source null for all of them */
async function remove(
  session: MssqlSession,
  groupId: string,
  principalId: string,
  source: string | null,
): Promise<boolean> {
  const removed = await session.run(
    `DELETE FROM runsmith.group_members
     WHERE workspace_id = @workspace_id AND group_id = @group_id AND member_id = @member_id
       AND (@source IS NULL OR source = @source)`,
    keyOf(groupId, principalId, source),
  );
  if (removed > 0) {
    await noteRevoked(session, principalId);
  }
  return removed > 0;
}

function keyOf(groupId: string, principalId: string, source: string | null) {
  return {
    workspace_id: id(defaultWorkspace),
    group_id: id(groupId),
    member_id: id(principalId),
    source: text(source),
  };
}

async function refuseNoGroup(session: MssqlSession, groupId: string): Promise<void> {
  const group = await mustFindPrincipal(session, groupId);
  if (group.kind !== "group") {
    throw notAGroup(group.name);
  }
}
