import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../../contract/user-error.ts";
import { copySnapshot, flushToDisk } from "./snapshot.ts";

/**
 * Copies the database, as the connection sees it, to `<directory>/runsmith-<time>-<reason>.sqlite` (0600) and gives the path.
 * The copy is on the disk when this resolves; one that did not become whole is not left behind.
 * @throws UserError `backup-failed`.
 */
export async function backUp(database: DatabaseSync, directory: string, reason: string): Promise<string> {
  const time = new Date().toISOString().replaceAll(/[-:]/g, "").replace("T", "-").slice(0, 15);
  const file = join(directory, `runsmith-${time}-${reason}.sqlite`);
  const unfinished = `${file}.part`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    rmSync(unfinished, { force: true });
    await copySnapshot(database, unfinished);
    renameSync(unfinished, file);
    flushToDisk(directory);
    return file;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new UserError("backup-failed", `The database could not be copied to ${file}: ${(error as Error).message}.`, {
      status: 500,
      remedy: "Free space on the disk of the data directory; nothing was changed, so the former version still starts.",
      cause: error,
    });
  }
}
