import type { MssqlSession } from "./session.ts";
import { id, text } from "./sql-values.ts";

/** Tells other services that what they remember of a principal's tokens, or of those for one purpose, is wrong. */
export async function noteRevoked(session: MssqlSession, principalId: string, purpose?: string): Promise<void> {
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

/** Clears away what every service has read long ago. */
export async function forgetRevoked(session: MssqlSession, limit: number): Promise<void> {
  await session.run(
    "DELETE TOP (@limit) FROM runsmith.revoked_tokens WHERE revoked_at < DATEADD(hour, -1, SYSUTCDATETIME())",
    { limit },
  );
}
