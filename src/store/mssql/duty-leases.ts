import type { DutyLeaseWrites } from "../operations/duty-leases.ts";
import type { Asynchronous } from "../store.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { databaseTime, int, text } from "./sql-values.ts";

export const dutyLeaseWriteRules: WriteRules<DutyLeaseWrites> = {
  takeDutyLease: "single",
  releaseDutyLease: "single",
};

export function dutyLeaseWrites(session: MssqlSession): Asynchronous<DutyLeaseWrites> {
  return {
    takeDutyLease: async ({ duty, holder, duration }) => {
      const values = { duty: text(duty), holder: text(holder), duration: int(duration), now: databaseTime };
      // The row's lock orders those who ask at once; who comes second finds the condition false.
      const changed = await session.run(
        `DECLARE @moment datetime2(3) = COALESCE(@now, SYSUTCDATETIME());
         UPDATE runsmith.duty_leases SET holder = @holder, expires_at = DATEADD(millisecond, @duration, @moment),
           taken_at = CASE WHEN holder = @holder THEN taken_at ELSE @moment END
         WHERE duty = @duty AND (holder = @holder OR expires_at <= @moment)`,
        values,
      );
      return changed > 0 || (await takeFirst(session, values));
    },

    releaseDutyLease: async ({ duty, holder }) => {
      await session.run(
        `UPDATE runsmith.duty_leases SET expires_at = COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))
         WHERE duty = @duty AND holder = @holder`,
        { duty: text(duty), holder: text(holder), now: databaseTime },
      );
    },
  };
}

/** The very first time there is no row yet. */
async function takeFirst(session: MssqlSession, values: Parameters<MssqlSession["run"]>[1]): Promise<boolean> {
  try {
    const inserted = await session.run(
      `DECLARE @moment datetime2(3) = COALESCE(@now, SYSUTCDATETIME());
       INSERT INTO runsmith.duty_leases (duty, holder, taken_at, expires_at)
       SELECT @duty, @holder, @moment, DATEADD(millisecond, @duration, @moment)
       WHERE NOT EXISTS (SELECT 1 FROM runsmith.duty_leases WHERE duty = @duty)`,
      values,
    );
    return inserted > 0;
  } catch (error) {
    if (!isDuplicate(error)) {
      throw error;
    }
    return false;
  }
}
