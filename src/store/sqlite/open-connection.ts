import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../contract/user-error.ts";

/** Milliseconds that a statement waits for a lock. Only opening, closing and checkpoints ever make one wait. */
const lockTimeout = 5_000;

/**
 * Opens the connection that writes, in a file that may be absent or empty still. The caller has the database's lock.
 * The log is not checkpointed by a commit (`wal_autocheckpoint = 0`): that would make the one who happens to commit wait for it.
 * @throws UserError `not-our-database`; an SQLite error when it is no database at all.
 */
export function openWritingConnection(file: string): DatabaseSync {
  if (!existsSync(file)) {
    // Made by hand for its mode, which the log and its index inherit.
    closeSync(openSync(file, "ax", 0o600));
  }
  const database = new DatabaseSync(file, { timeout: lockTimeout, enableForeignKeyConstraints: true });
  return configure(database, () => {
    // These two take effect while the file is empty only.
    database.exec("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL");
    refuseForeignDatabase(database);
    database.exec(
      `PRAGMA journal_mode = WAL;
       PRAGMA synchronous = FULL;
       PRAGMA wal_autocheckpoint = 0;
       PRAGMA journal_size_limit = 67108864;
       PRAGMA cache_size = -8192;
       PRAGMA temp_store = MEMORY`,
    );
  });
}

/** Opens a connection that reads; it can move pages from the log into the database file, but change nothing. */
export function openReadingConnection(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: lockTimeout });
  return configure(database, () =>
    database.exec(
      `PRAGMA synchronous = FULL;
       PRAGMA wal_autocheckpoint = 0;
       PRAGMA journal_size_limit = 67108864;
       PRAGMA cache_size = -4096;
       PRAGMA temp_store = MEMORY;
       PRAGMA query_only = ON`,
    ),
  );
}

function configure(database: DatabaseSync, work: () => void): DatabaseSync {
  try {
    work();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function refuseForeignDatabase(database: DatabaseSync): void {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
  if (tables.length > 0 && !tables.some(({ name }) => name === "migrations")) {
    throw new UserError("not-our-database", "The database file was not made by Runsmith.", {
      status: 500,
      remedy: "Move the file out of the data directory, or choose another directory with --data.",
    });
  }
}
