import type { UserSettings } from "../operations/access.ts";
import type { MssqlSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { bit, id, text } from "./sql-values.ts";

/** Sets what users have beside their principal. */
export async function setUser(session: MssqlSession, principalId: string, user: UserSettings): Promise<void> {
  await session.run(
    `INSERT INTO runsmith.users (workspace_id, principal_id)
     SELECT @workspace_id, @principal_id WHERE NOT EXISTS (SELECT 1 FROM runsmith.users WHERE principal_id = @principal_id);
     UPDATE runsmith.users SET display_name = COALESCE(@display_name, display_name),
       email = CASE WHEN @sets_email = 1 THEN @email ELSE email END,
       password_changed_at = CASE WHEN @sets_password = 1 THEN CAST(SYSUTCDATETIME() AS datetime2(3)) ELSE password_changed_at END,
       password_hash = CASE WHEN @sets_password = 1 THEN @password_hash ELSE password_hash END,
       must_change_password = COALESCE(@must_change, must_change_password)
     WHERE principal_id = @principal_id`,
    {
      workspace_id: id(defaultWorkspace),
      principal_id: id(principalId),
      display_name: text(user.displayName ?? null),
      sets_email: bit(user.email !== undefined),
      email: text(user.email ?? null),
      sets_password: bit(user.passwordHash !== undefined),
      password_hash: text(user.passwordHash ?? null),
      must_change: bit(user.mustChangePassword ?? null),
    },
  );
}
