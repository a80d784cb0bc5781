import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import type { DatabaseTables } from "./database-tables.ts";

/** Where a database is: the data folder of the embedded one, or the URL of one on SQL Server, which holds a password. */
export type DatabaseLocation = { dataDirectory: string } | { databaseUrl: string };

/**
 * Opens it for moving; one that is not there is made, unless it must be there.
 * @throws UserError `move-nothing`, and those of `openStore`.
 */
export async function openTables(location: DatabaseLocation, { mustExist = false } = {}): Promise<DatabaseTables> {
  if ("dataDirectory" in location) {
    const file = join(location.dataDirectory, "runsmith.sqlite");
    if (mustExist && !existsSync(file)) {
      throw new UserError("move-nothing", `There is no database ${file}.`, {
        status: 404,
        remedy: "Name the data folder of a server, or a file with the URL of its database, with --from-file.",
      });
    }
    const { openSqliteTables } = await import("../sqlite/tables.ts");
    return await openSqliteTables(location.dataDirectory);
  }
  const { openMssqlTables } = await import("../mssql/tables.ts");
  return await openMssqlTables(location.databaseUrl);
}
