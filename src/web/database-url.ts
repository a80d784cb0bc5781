import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ServerOptions } from "../contract/server-options.ts";
import { UserError } from "../contract/user-error.ts";
import { hideFromLog } from "./token-mask.ts";

/** The environment variable that may hold the URL. */
const variable = "RUNSMITH_DATABASE";

/** A systemd credential of this name may hold it (`LoadCredential=database:FILE`). */
const credential = "database";

/** Where the database is, and what should be said of how that was told. */
export interface ToldDatabase {
  /** Undefined for the embedded database. */
  url: string | undefined;
  warning: string | undefined;
}

/**
 * The URL of the database on SQL Server: the content of `databaseFile`, else the variable RUNSMITH_DATABASE, else the systemd credential
 * `database`, else none. The variable is taken away, so that no child process inherits it, and the password is kept out of the log.
 * @throws UserError `database-file-unreadable`, `database-file-is-url`
 */
export async function takeDatabaseUrl(
  { databaseFile }: Pick<ServerOptions, "databaseFile">,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ToldDatabase> {
  const told = environment[variable];
  delete environment[variable];
  const credentials = environment["CREDENTIALS_DIRECTORY"];
  const file = databaseFile ?? (credentials === undefined ? undefined : join(credentials, credential));
  if (databaseFile === undefined && told !== undefined && told.trim() !== "") {
    hidePassword(told.trim());
    return { url: told.trim(), warning: undefined };
  }
  const found = file === undefined ? null : await stat(file).catch(() => null);
  if (file === undefined || (found === null && databaseFile === undefined)) {
    return { url: undefined, warning: undefined };
  }
  try {
    const url = (await readFile(file, "utf8")).trim();
    const open = found !== null && (found.mode & 0o004) !== 0;
    hidePassword(url);
    return {
      url,
      warning: open ? `${file} holds a password and can be read by every account: chmod 600 ${file}` : undefined,
    };
  } catch (cause) {
    throw new UserError(
      "database-file-unreadable",
      `The file with the database's URL cannot be read: ${(cause as Error).message}.`,
      { status: 500, remedy: "Name a file of the service's own account (0600) that holds one line, the URL.", cause },
    );
  }
}

/** Keeps the password of a database's URL out of the log. */
export function hidePassword(url: string): void {
  const { password } = URL.parse(url) ?? { password: "" };
  hideFromLog(password);
  try {
    hideFromLog(decodeURIComponent(password));
  } catch {
    // Badly encoded, which whoever reads the URL refuses.
  }
}
