import { resolve } from "node:path";
import { prepareDataDirectory } from "./data-directory.ts";
import { lockDirectory } from "./directory-lock.ts";
import { openSqliteStore } from "./sqlite/open-sqlite-store.ts";
import type { Store } from "./store.ts";
import type { StoreOptions } from "./store-options.ts";

/**
 * Opens the database, after bringing its schema up to date: the one on SQL Server that `databaseUrl` names, else the embedded one.
 * @throws UserError when the folder cannot be used, another server has it open, the server of the database cannot be reached or
 * refuses the login, or the database is not one of ours, damaged, changed, or newer than this program.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, ...others } = options;
  if (databaseUrl === undefined) {
    return openSqliteStore(others);
  }
  const dataDirectory = resolve(options.dataDirectory);
  prepareDataDirectory(dataDirectory);
  const lock = lockDirectory(dataDirectory);
  try {
    // The driver is large; who does not need it does not wait for it.
    const { openMssqlStore } = await import("./mssql/open-mssql-store.ts");
    const store = await openMssqlStore({ ...others, databaseUrl });
    let closed: Promise<void> | undefined;
    return {
      ...store,
      close() {
        closed ??= store.close().finally(() => lock.release());
        return closed;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
