import { UserError } from "../../contract/user-error.ts";
import { DatabaseError } from "../database-error.ts";
import type { ThreadError } from "./thread-messages.ts";

/** Takes an error apart, for the way between threads. */
export function toThreadError(error: unknown): ThreadError {
  const known = asUserError(error);
  if (known !== undefined) {
    const { code, message, status, remedy, errors } = known;
    return { type: "user", code, message, status, remedy, errors };
  }
  const resultCode = sqliteResultCode(error);
  if (resultCode !== undefined) {
    const { message, stack = message } = error as Error;
    return { type: "database", refusesValues: ofValues.has(resultCode), message, stack };
  }
  if (error instanceof Error) {
    return { type: "other", name: error.name, message: error.message, stack: error.stack ?? error.message };
  }
  return { type: "other", name: "Error", message: String(error), stack: String(error) };
}

/** Puts an error together again; `operation` names what was asked for, for whoever reads the stack. */
export function fromThreadError(error: ThreadError, operation: string): Error {
  if (error.type === "user") {
    const { remedy, errors } = error;
    return new UserError(error.code, error.message, {
      status: error.status,
      ...(remedy === undefined ? {} : { remedy }),
      ...(errors === undefined ? {} : { errors }),
    });
  }
  const rebuilt =
    error.type === "database" ? new DatabaseError(error.message, error.refusesValues) : new Error(error.message);
  if (error.type === "other") {
    rebuilt.name = error.name;
  }
  rebuilt.stack = `${error.stack}\n    in the store's thread, operation ${operation}`;
  return rebuilt;
}

// Primary result codes, https://www.sqlite.org/rescode.html; the low byte of what node:sqlite gives as `errcode`.
const sqliteReadOnly = 8;
const sqliteInputOutput = 10;
const sqliteCorrupt = 11;
const sqliteFull = 13;
const sqliteCannotOpen = 14;
const sqliteNotADatabase = 26;

/** Result codes that speak of the values a statement was given. */
const ofValues = new Set([
  18, // SQLITE_TOOBIG: longer than a value may be
  19, // SQLITE_CONSTRAINT
  20, // SQLITE_MISMATCH: not of the column's type
]);

/** SQLITE_IOERR_SHMSIZE, an extended code: the index of the log could not grow, which is how a full disk shows there. */
const sqliteInputOutputSharedMemory = 4874;

/** SQLite's primary result code of an error, or undefined when it is not SQLite's. */
export function sqliteResultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** What went wrong below the database is the user's to mend: the disk. */
function asUserError(error: unknown): UserError | undefined {
  if (error instanceof UserError) {
    return error;
  }
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === "ENOSPC" || code === "EDQUOT") {
    return storageFull(error);
  }
  if ((error as { errcode?: unknown } | null)?.errcode === sqliteInputOutputSharedMemory) {
    return storageFull(error);
  }
  const details = { status: 503, cause: error };
  switch (sqliteResultCode(error)) {
    case sqliteFull:
      return storageFull(error);
    case sqliteInputOutput:
      return new UserError(
        "storage-failed",
        `The database could not be read or written: ${(error as Error).message}.`,
        {
          ...details,
          remedy: "Check the disk of the data directory and the system's log.",
        },
      );
    case sqliteCannotOpen:
    case sqliteReadOnly:
      return new UserError("storage-not-writable", `The database cannot be written: ${(error as Error).message}.`, {
        ...details,
        remedy: "Give the service's account the right to write to every file in the data directory.",
      });
    case sqliteCorrupt:
    case sqliteNotADatabase:
      return new UserError("database-damaged", `The database file is damaged: ${(error as Error).message}.`, {
        ...details,
        remedy: "Stop the server, keep a copy of the data directory, and put back the latest backup.",
      });
    default:
      return undefined;
  }
}

function storageFull(cause: unknown): UserError {
  return new UserError("storage-full", "The disk that holds the database is full, so nothing was stored.", {
    status: 507,
    remedy: "Free space on the disk of the data directory, then try again.",
    cause,
  });
}
