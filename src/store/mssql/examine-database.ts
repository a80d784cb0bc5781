import { UserError } from "../../contract/user-error.ts";
import type { MssqlSession } from "./session.ts";
import { SqlError } from "./sql-errors.ts";

/** What matters of a database before anything is done with it. */
export interface ExaminedDatabase {
  /** The engine's version, such as `16.0.4165.4`. */
  version: string;
  /** `OTHER`: the database answers commits before they would survive a power cut. */
  durability: "FULL" | "OTHER";
  /** What an administrator should mend; the service starts nevertheless. */
  warnings: string[];
}

/**
 * Looks at what the database can do, by trying, for version numbers say little (Azure SQL calls itself 12).
 * @throws UserError `database-too-old`.
 */
export async function examineDatabase(session: MssqlSession): Promise<ExaminedDatabase> {
  const server = await session.first<{ version: string }>(
    "SELECT CAST(SERVERPROPERTY(N'ProductVersion') AS nvarchar(128)) AS version",
  );
  const version = server?.version ?? "unknown";
  try {
    await session.query("SELECT COUNT(*) AS items FROM OPENJSON(N'[1]') WHERE ISJSON(N'[]') = 1");
  } catch (error) {
    if (!(error instanceof SqlError)) {
      throw error;
    }
    throw new UserError(
      "database-too-old",
      `The database (SQL Server ${version}) does not know JSON: ${error.message}`,
      {
        status: 500,
        remedy: "Runsmith needs SQL Server 2016 or later and a compatibility level of the database of 130 or more.",
        cause: error,
      },
    );
  }
  const warnings: string[] = [];
  const database = await session.first<{ name: string; row_versions: boolean; read_only: boolean }>(
    `SELECT name, is_read_committed_snapshot_on AS row_versions, is_read_only AS read_only
     FROM sys.databases WHERE database_id = DB_ID()`,
  );
  if (database?.row_versions === false) {
    warnings.push(
      `READ_COMMITTED_SNAPSHOT is off: readers and writers wait for each other. Switch it on while no service runs: ` +
        `ALTER DATABASE [${database.name}] SET READ_COMMITTED_SNAPSHOT ON`,
    );
  }
  const durability = await durabilityOf(session);
  if (durability !== "FULL") {
    warnings.push(
      "DELAYED_DURABILITY is FORCED: a power cut or a failover loses jobs that were accepted. " +
        `Forbid it: ALTER DATABASE [${database?.name}] SET DELAYED_DURABILITY = DISABLED`,
    );
  }
  return { version, durability, warnings };
}

async function durabilityOf(session: MssqlSession): Promise<"FULL" | "OTHER"> {
  try {
    const database = await session.first<{ delayed: string }>(
      "SELECT delayed_durability_desc AS delayed FROM sys.databases WHERE database_id = DB_ID()",
    );
    return database?.delayed === "FORCED" ? "OTHER" : "FULL";
  } catch (error) {
    if (error instanceof SqlError) {
      // A database without this setting does not delay.
      return "FULL";
    }
    throw error;
  }
}
