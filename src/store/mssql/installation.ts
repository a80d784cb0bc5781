import { bytesToId } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
import type { Installation, InstallationReads } from "../operations/installation.ts";
import type { Asynchronous } from "../store.ts";
import { moveMark, unfinishedMove } from "../unfinished-move.ts";
import type { MssqlSession } from "./session.ts";
import { id } from "./sql-values.ts";

export function installationReads(session: MssqlSession): Asynchronous<InstallationReads> {
  return { installation: () => theInstallation(session) };
}

/**
 * Gives this database its identity when it has none yet. Of several services that do so at once, one succeeds.
 * @throws UserError `move-unfinished`.
 */
export async function ensureInstallation(session: MssqlSession): Promise<Installation> {
  const mark = await session.first<{ here: number | null }>(`SELECT OBJECT_ID(N'runsmith.${moveMark}', N'U') AS here`);
  if (mark !== undefined && mark.here !== null) {
    throw unfinishedMove();
  }
  await session.transaction(async (transaction) => {
    // The row of the workspace is there from the beginning, so all who come to this point queue up at it.
    await transaction.run("UPDATE runsmith.workspaces SET created_at = created_at");
    await transaction.run(
      `INSERT INTO runsmith.installation (installation_id, created_at)
       SELECT @installation_id, CAST(SYSUTCDATETIME() AS datetime2(3))
       WHERE NOT EXISTS (SELECT 1 FROM runsmith.installation)`,
      { installation_id: id(newId()) },
    );
  });
  return theInstallation(session);
}

async function theInstallation(session: MssqlSession): Promise<Installation> {
  const row = await session.first<{ installation_id: Uint8Array; created_at: number }>(
    "SELECT installation_id, created_at FROM runsmith.installation",
  );
  if (row === undefined) {
    throw new Error("The database has no installation row.");
  }
  return { installationId: bytesToId(row.installation_id), createdAt: row.created_at };
}
