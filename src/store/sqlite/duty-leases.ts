import type { DutyLeaseWrites } from "../operations/duty-leases.ts";
import type { SqliteSession } from "./session.ts";

export function dutyLeaseWrites(session: SqliteSession): DutyLeaseWrites {
  return {
    takeDutyLease: ({ duty, holder, duration }) => {
      const now = session.now();
      return (
        session.run(
          `INSERT INTO duty_leases (duty, holder, taken_at, expires_at) VALUES (?1, ?2, ?3, ?3 + ?4)
           ON CONFLICT (duty) DO UPDATE SET holder = ?2, expires_at = ?3 + ?4,
             taken_at = CASE WHEN holder = ?2 THEN taken_at ELSE ?3 END
           WHERE holder = ?2 OR expires_at <= ?3`,
          duty,
          holder,
          now,
          duration,
        ) > 0
      );
    },

    releaseDutyLease: ({ duty, holder }) => {
      session.run("UPDATE duty_leases SET expires_at = ? WHERE duty = ? AND holder = ?", session.now(), duty, holder);
    },
  };
}
