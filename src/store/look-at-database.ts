import type { SeenDatabase } from "./mssql/look-at-database.ts";

export type { SeenDatabase } from "./mssql/look-at-database.ts";

/**
 * Looks at a database that a URL names, without changing anything.
 * @throws UserError as `openStore` does
 */
export async function lookAtDatabase(databaseUrl: string): Promise<SeenDatabase> {
  const { lookAtMssqlDatabase } = await import("./mssql/look-at-database.ts");
  return lookAtMssqlDatabase(databaseUrl);
}
