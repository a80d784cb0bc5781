import { closeSync, existsSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { checkCopy } from "./check-copy.ts";
import { dataFile } from "./data-directory.ts";
import { openReadingConnection } from "./open-connection.ts";
import { copySnapshot, flushToDisk } from "./snapshot.ts";

export interface BackupOptions {
  /** The data folder of a server, whether it runs or not. */
  dataDirectory: string;
  /** Where the copy goes; must not be there. */
  file: string;
  /** Told what is being done, and which share of it is done, from 0 to 1. */
  progress?: (step: "copy" | "check", share: number) => void;
  signal?: AbortSignal;
}

/** A finished backup. */
export interface Backup {
  file: string;
  bytes: number;
  /** The copy holds all that was committed by then, milliseconds since the epoch. */
  takenAt: number;
  /** Number of the last migration in it. */
  schema: number;
}

/**
 * Copies the embedded database while it is used, or not: all that was committed when it began and nothing of what came later. The
 * copy is one file (0600), read as a whole and found sound, on the disk when this resolves; else nothing is left behind.
 * It is made by a process of its own that only reads: a server that runs neither knows nor waits.
 * @throws UserError `no-database`, `backup-file-exists`, `backup-under-way`, `backup-failed`, `backup-damaged`; whatever `signal` was
 * aborted with.
 */
export async function backUpDatabase(options: BackupOptions): Promise<Backup> {
  const { dataDirectory, file, progress = () => {}, signal } = options;
  const source = dataFile(dataDirectory, "database");
  if (!existsSync(source)) {
    throw new UserError("no-database", `There is no database ${source}.`, {
      status: 404,
      remedy:
        "Name the server's data folder with --data, on the server's machine. A database on SQL Server is backed up by SQL Server itself.",
    });
  }
  refuseToOverwrite(file);
  const unfinished = `${file}.part`;
  reserve(unfinished);
  try {
    const takenAt = Date.now();
    await copy(source, unfinished, (share) => progress("copy", share), signal);
    progress("check", 0);
    const schema = await checkCopy(unfinished, signal);
    progress("check", 1);
    putInPlace(unfinished, file);
    return { file, takenAt, schema, bytes: statSync(file).size };
  } catch (error) {
    rmSync(unfinished, { force: true });
    if (error instanceof UserError || signal?.aborted === true) {
      throw error;
    }
    throw new UserError("backup-failed", `The database could not be copied to ${file}: ${(error as Error).message}.`, {
      status: 500,
      remedy:
        "See that the disk has room for the copy and that this account may read the data folder. Nothing was left behind.",
      cause: error,
    });
  }
}

async function copy(
  source: string,
  file: string,
  progress: (share: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const database = openReadingConnection(source);
  try {
    await copySnapshot(database, file, { progress, ...(signal === undefined ? {} : { signal }) });
  } finally {
    database.close();
  }
}

function refuseToOverwrite(file: string): void {
  if (existsSync(file)) {
    throw new UserError("backup-file-exists", `There is already a file ${file}; a backup overwrites nothing.`, {
      status: 409,
      remedy: "Choose another name, such as one with the date in it, or move the file away.",
    });
  }
}

/** Makes the file, empty and 0600 from its first moment on. */
function reserve(unfinished: string): void {
  try {
    closeSync(openSync(unfinished, "wx", 0o600));
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new UserError(
      exists ? "backup-under-way" : "backup-failed",
      exists
        ? `There is a file ${unfinished}: another backup to the same name is under way, or one was killed.`
        : `The backup cannot be written to ${unfinished}: ${(error as Error).message}.`,
      {
        status: exists ? 409 : 400,
        remedy: exists
          ? "Wait for that backup; or remove the file when none runs."
          : "Name a file in a folder that is there and that this account may write to.",
        cause: error,
      },
    );
  }
}

/** Gives the finished copy its name, which nothing may have taken meanwhile. */
function putInPlace(unfinished: string, file: string): void {
  try {
    // A link, as renaming would replace what is there.
    linkSync(unfinished, file);
    rmSync(unfinished);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      refuseToOverwrite(file);
    }
    // A file system without links.
    refuseToOverwrite(file);
    renameSync(unfinished, file);
  }
  flushToDisk(dirname(file));
}
