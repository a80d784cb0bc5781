import type { MssqlSession } from "./session.ts";
import { id, idBytes, text } from "./sql-values.ts";

/*
 * What services remember of tokens and sessions, and what others tell them to forget. Beside the ids of tokens, the table holds those of
 * sessions and of principals: of one that was changed, and of a group, which stands for all of its members.
 */

/** Notes one id, whether it was noted before or not. */
const noteId = `
  UPDATE runsmith.revoked_tokens SET revoked_at = CAST(SYSUTCDATETIME() AS datetime2(3)) WHERE token_id = @id;
  INSERT INTO runsmith.revoked_tokens (token_id, revoked_at)
  SELECT @id, CAST(SYSUTCDATETIME() AS datetime2(3))
  WHERE NOT EXISTS (SELECT 1 FROM runsmith.revoked_tokens WITH (UPDLOCK, HOLDLOCK) WHERE token_id = @id)`;

/** Tells other services that what they remember of a principal is wrong; with a purpose, of those of its tokens only. */
export async function noteRevoked(session: MssqlSession, principalId: string, purpose?: string): Promise<void> {
  if (purpose === undefined) {
    await session.run(noteId, { id: id(principalId) });
  }
  await session.run(
    `UPDATE r SET revoked_at = CAST(SYSUTCDATETIME() AS datetime2(3))
     FROM runsmith.revoked_tokens r JOIN runsmith.tokens t ON t.token_id = r.token_id
     WHERE t.workspace_id = 0x00000000000000000000000000000000 AND t.principal_id = @principal_id
       AND (@purpose IS NULL OR t.purpose = @purpose);
     INSERT INTO runsmith.revoked_tokens (token_id, revoked_at)
     SELECT t.token_id, CAST(SYSUTCDATETIME() AS datetime2(3)) FROM runsmith.tokens t
     WHERE t.workspace_id = 0x00000000000000000000000000000000 AND t.principal_id = @principal_id
       AND (@purpose IS NULL OR t.purpose = @purpose)
       AND NOT EXISTS (SELECT 1 FROM runsmith.revoked_tokens r WHERE r.token_id = t.token_id)`,
    { principal_id: id(principalId), purpose: text(purpose ?? null) },
  );
}

/** The same of a single token or session. */
export async function noteRevokedToken(session: MssqlSession, tokenOrSessionId: string): Promise<void> {
  await session.run(noteId, { id: id(tokenOrSessionId) });
}

/** The same of all members of a group: a group that was disabled is not remembered of them. */
export async function noteMembers(session: MssqlSession, groupId: string): Promise<void> {
  const members = await session.all<{ member_id: Uint8Array }>(
    `SELECT DISTINCT member_id FROM runsmith.group_members
     WHERE workspace_id = 0x00000000000000000000000000000000 AND group_id = @group_id ORDER BY member_id`,
    { group_id: id(groupId) },
  );
  for (const { member_id } of members) {
    await session.run(noteId, { id: idBytes(member_id) });
  }
}

/** Clears away what every service has read long ago. */
export async function forgetRevoked(session: MssqlSession, limit: number): Promise<void> {
  await session.run(
    "DELETE TOP (@limit) FROM runsmith.revoked_tokens WHERE revoked_at < DATEADD(hour, -1, SYSUTCDATETIME())",
    { limit },
  );
}
