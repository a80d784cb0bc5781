import { idToBytes } from "../id-bytes.ts";
import type { UserSettings } from "../operations/access.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

/** Sets what users have beside their principal. */
export function setUser(session: SqliteSession, principalId: string, user: UserSettings): void {
  const setsEmail = Number(user.email !== undefined);
  const setsPassword = Number(user.passwordHash !== undefined);
  const mustChange = user.mustChangePassword === undefined ? null : Number(user.mustChangePassword);
  session.run(
    "INSERT INTO users (workspace_id, principal_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
    defaultWorkspace,
    idToBytes(principalId),
  );
  session.run(
    `UPDATE users SET display_name = coalesce(?, display_name), email = CASE ? WHEN 1 THEN ? ELSE email END,
       password_changed_at = CASE ? WHEN 1 THEN ? ELSE password_changed_at END,
       password_hash = CASE ? WHEN 1 THEN ? ELSE password_hash END,
       must_change_password = coalesce(?, must_change_password)
     WHERE principal_id = ?`,
    user.displayName ?? null,
    setsEmail,
    user.email ?? null,
    setsPassword,
    session.now(),
    setsPassword,
    user.passwordHash ?? null,
    mustChange,
    idToBytes(principalId),
  );
}
