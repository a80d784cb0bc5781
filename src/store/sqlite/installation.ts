import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { Installation, InstallationReads } from "../operations/installation.ts";
import { moveMark, unfinishedMove } from "../unfinished-move.ts";
import type { SqliteSession } from "./session.ts";

export function installationReads(session: SqliteSession): InstallationReads {
  return { installation: () => theInstallation(session) };
}

/**
 * Gives this database its identity when it has none yet. Inside a transaction.
 * @throws UserError `move-unfinished`.
 */
export function ensureInstallation(session: SqliteSession): Installation {
  if (session.first("SELECT 1 FROM sqlite_schema WHERE name = ?", moveMark) !== undefined) {
    throw unfinishedMove();
  }
  if (session.first("SELECT 1 FROM installation") === undefined) {
    session.run(
      "INSERT INTO installation (installation_id, created_at) VALUES (?, ?)",
      idToBytes(session.newId()),
      session.now(),
    );
  }
  return theInstallation(session);
}

function theInstallation(session: SqliteSession): Installation {
  const row = session.first<{ installation_id: Uint8Array; created_at: number }>(
    "SELECT installation_id, created_at FROM installation",
  );
  if (row === undefined) {
    throw new Error("The database has no installation row.");
  }
  return { installationId: bytesToId(row.installation_id), createdAt: row.created_at };
}
