import type { DatabaseFinding } from "../contract/database-finding.ts";
import type { ServerOptions } from "../contract/server-options.ts";
import { UserError } from "../contract/user-error.ts";
import { lookAtDatabase } from "../store/look-at-database.ts";
import { takeDatabaseUrl } from "./database-url.ts";

/** Looks at the database on SQL Server that a server with these options would use; null when that is the embedded one. */
export async function examineDatabase(options: Pick<ServerOptions, "databaseFile">): Promise<DatabaseFinding | null> {
  try {
    const { url, warning } = await takeDatabaseUrl(options);
    if (url === undefined) {
      return null;
    }
    const { server, version, schema, warnings } = await lookAtDatabase(url);
    const known = schema === 0 ? "no tables yet" : `schema ${schema}`;
    const detail = `SQL Server ${version} at ${server}, ${known}`;
    const remedies = [...warnings, ...(warning === undefined ? [] : [warning])];
    return remedies.length === 0 ? { state: "ok", detail } : { state: "note", detail, remedy: remedies.join(" ") };
  } catch (error) {
    if (!(error instanceof UserError)) {
      throw error;
    }
    const { message, remedy } = error;
    return { state: "failed", detail: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}
