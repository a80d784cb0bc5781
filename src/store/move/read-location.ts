import { readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import type { DatabaseLocation } from "./open-tables.ts";

/** A file that only holds a URL is no larger, in bytes. */
const largestUrlFile = 16_384;

/**
 * Where a database is, as a file says: a file that holds `mssql://…` or `sqlite:/data/folder`; or the embedded database itself, its
 * file or its data folder.
 * @throws UserError `database-file-unreadable`, `invalid-database-file`
 */
export async function readDatabaseLocation(file: string): Promise<DatabaseLocation> {
  try {
    const found = await stat(file);
    if (found.isDirectory()) return { dataDirectory: resolve(file) };
    if (basename(file) === "runsmith.sqlite") return { dataDirectory: dirname(resolve(file)) };
    const text = found.size > largestUrlFile ? "" : (await readFile(file, "utf8")).trim();
    if (text.startsWith("mssql:")) return { databaseUrl: text };
    const folder = /^sqlite:(?:\/\/)?(.+)$/.exec(text)?.[1];
    if (folder !== undefined && isAbsolute(folder)) return { dataDirectory: folder };
  } catch (cause) {
    throw new UserError("database-file-unreadable", `${file} cannot be read: ${(cause as Error).message}.`, {
      remedy: "Name a file that holds the database's URL, or the data folder of the embedded database.",
      cause,
    });
  }
  throw new UserError("invalid-database-file", `${file} does not say where a database is.`, {
    remedy:
      "Write one line into it: mssql://user:password@host:port/database, or sqlite:/absolute/data/folder; or name a data folder.",
  });
}
