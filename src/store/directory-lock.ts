import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../contract/user-error.ts";

/** Locked while a server uses the data directory. It stays empty. */
const lockName = "runsmith.lock";

/** Process id of the server that has the lock; for people and messages, decides nothing. */
const processName = "runsmith.pid";

/** The low byte of what node:sqlite gives as `errcode`, https://www.sqlite.org/rescode.html. */
const sqliteBusy = 5;

/** The right to use a data directory; at most one process has it. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Takes the lock, without waiting. It is an exclusive lock of the operating system on an empty file,
 * taken through SQLite because Node has no call for it; the system itself lets go of it when the process ends, however it ends.
 * @throws UserError `data-directory-in-use` when a live server has it.
 */
export function lockDirectory(dataDirectory: string): DirectoryLock {
  const processFile = join(dataDirectory, processName);
  // Only SQLite may open this file: a process loses its locks on a file when any of its descriptors of that file is closed.
  const database = new DatabaseSync(join(dataDirectory, lockName), { timeout: 0 });
  try {
    // Without a journal file: nothing is ever written.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== sqliteBusy) {
      throw error;
    }
    throw new UserError(
      "data-directory-in-use",
      `Another Runsmith server${holder(processFile)} uses ${dataDirectory}.`,
      {
        status: 500,
        remedy: "Stop that server first, or choose another directory with --data.",
        cause: error,
      },
    );
  }
  noteProcess(processFile);
  return {
    release() {
      rmSync(processFile, { force: true });
      database.close();
    },
  };
}

function noteProcess(processFile: string): void {
  try {
    writeFileSync(processFile, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // A full disk: then a message will not name the process.
  }
}

function holder(processFile: string): string {
  try {
    return ` (process ${readFileSync(processFile, "utf8").trim()})`;
  } catch {
    return "";
  }
}
