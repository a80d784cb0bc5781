import { missingMigrations, ownMigrationsDirectory, readMigrations } from "../migrations.ts";
import { connect, explainOpening } from "./connect.ts";
import { readDatabaseUrl } from "./database-url.ts";
import type { ExaminedDatabase } from "./examine-database.ts";
import { examineDatabase } from "./examine-database.ts";
import { appliedMigrations } from "./migrate.ts";
import { poolSession } from "./pool-session.ts";

/** A database on SQL Server as it stands. */
export interface SeenDatabase extends ExaminedDatabase {
  /** `host:port/database`. */
  server: string;
  /** Number of the last migration applied; 0 before the first. */
  schema: number;
}

/**
 * Looks at a database without changing anything.
 * @throws UserError as `openStore` does
 */
export async function lookAtMssqlDatabase(databaseUrl: string): Promise<SeenDatabase> {
  const address = readDatabaseUrl(databaseUrl);
  const pool = await connect(address);
  try {
    const examined = await examineDatabase(poolSession(pool, { commits: 0, commitTime: 0 }));
    const applied = await appliedMigrations(pool);
    missingMigrations(applied ?? [], readMigrations(ownMigrationsDirectory("mssql")));
    return { ...examined, server: address.shown, schema: applied?.length ?? 0 };
  } catch (error) {
    throw explainOpening(error, address);
  } finally {
    await pool.close();
  }
}
