import sql from "mssql";
import { UserError } from "../../contract/user-error.ts";
import type { AppliedMigration, Migration } from "../migrations.ts";
import { missingMigrations } from "../migrations.ts";
import { batchesOf } from "./batches.ts";
import { ConnectionLost, SqlError, toSqlError } from "./sql-errors.ts";
import { noteStatement } from "./statement-listener.ts";

/** Of the lock under which one service migrates while the others wait. */
const lockName = "runsmith.migrations";

/** Milliseconds of waiting for the lock after which that is told. */
const quietWait = 2_000;

/** The error of having waited too long for a lock. */
const lockTimeout = 1222;

/** Milliseconds after which somebody who holds the lock is taken for stuck. */
const longestWait = 15 * 60_000;

/** Told what the start of the service waits for. */
export type MigrationProgress = (message: string) => void;

/**
 * Brings the schema up to date: one service at a time, each migration in a transaction of its own with its row in `migrations`. One
 * outside of a transaction is done on another connection, beside the transaction that has the lock and adds the row.
 * Gives the number of the last one.
 * @throws UserError `database-newer-than-program`, `migration-changed`, `not-our-database`, `migration-locked`.
 */
export async function migrate(
  pool: sql.ConnectionPool,
  migrations: Migration[],
  progress: MigrationProgress = () => {},
): Promise<number> {
  for (;;) {
    // Nothing to do is the rule, and then nobody has to wait for anybody.
    const applied = await appliedMigrations(pool).catch(unlessLocked);
    if (applied !== "locked" && missingMigrations(applied ?? [], migrations).length === 0) {
      return applied?.length ?? 0;
    }
    await applyNext(pool, migrations, progress);
  }
}

/** A migration under way may keep its tables from being read; whoever waits for its lock will be able to. */
function unlessLocked(error: unknown): "locked" {
  const known = toSqlError(error, true);
  if (known instanceof ConnectionLost || (known instanceof SqlError && known.number === lockTimeout)) {
    return "locked";
  }
  throw known;
}

/** The migrations that the database has had; null when it has no `migrations` table. */
export async function appliedMigrations(
  connection: sql.ConnectionPool | sql.Transaction,
): Promise<AppliedMigration[] | null> {
  const [known] = await rows<{ here: number | null }>(
    connection,
    "SELECT OBJECT_ID(N'runsmith.migrations', N'U') AS here",
  );
  return known?.here == null
    ? null
    : rows<AppliedMigration>(
        connection,
        "SELECT number, name, checksum, oldest_program FROM runsmith.migrations ORDER BY number",
      );
}

async function applyNext(
  pool: sql.ConnectionPool,
  migrations: Migration[],
  progress: MigrationProgress,
): Promise<void> {
  const transaction = new sql.Transaction(pool);
  await transaction.begin(sql.ISOLATION_LEVEL.READ_COMMITTED);
  try {
    await takeLock(transaction, progress);
    const applied = await appliedMigrations(transaction);
    const [next] = missingMigrations(applied ?? [], migrations);
    if (next !== undefined) {
      progress(`applying migration ${next.number} (${next.name})`);
      if (applied === null) {
        await prepareSchema(transaction);
      }
      await apply(pool, transaction, next);
    }
    await transaction.commit();
  } catch (error) {
    await transaction.rollback().catch(() => {
      // The server did that already.
    });
    throw toSqlError(error, false);
  }
}

/** The lock belongs to the transaction: it ends with it, whatever becomes of this process. */
async function takeLock(transaction: sql.Transaction, progress: MigrationProgress): Promise<void> {
  const text = `DECLARE @resource nvarchar(255) = CONCAT(N'${lockName} ', DB_NAME());
       DECLARE @granted int;
       EXEC @granted = sp_getapplock @Resource = @resource, @LockMode = N'Exclusive', @LockOwner = N'Transaction',
         @LockTimeout = ${longestWait};
       SELECT @granted AS granted`;
  noteStatement({ text, procedure: false, parameters: [] });
  const waiting = setTimeout(
    () => progress("waiting for another service, which brings the database's schema up to date"),
    quietWait,
  );
  try {
    const { recordset } = await patientRequest(transaction).query<{ granted: number }>(text);
    if ((recordset[0]?.granted ?? -1) < 0) {
      throw new UserError("migration-locked", "Another service has been changing the database's schema for too long.", {
        status: 500,
        remedy: `Look for that service, or for the session that holds the application lock ${lockName}, and end it.`,
      });
    }
  } finally {
    clearTimeout(waiting);
  }
}

async function prepareSchema(transaction: sql.Transaction): Promise<void> {
  const [tables] = await rows<{ tables: number; known: number | null }>(
    transaction,
    `SELECT (SELECT COUNT(*) FROM sys.tables WHERE schema_id = SCHEMA_ID(N'runsmith')) AS tables,
       SCHEMA_ID(N'runsmith') AS known`,
  );
  if ((tables?.tables ?? 0) > 0) {
    throw new UserError("not-our-database", "The database has a schema runsmith that was not made by Runsmith.", {
      status: 500,
      remedy: "Use a database of its own for Runsmith.",
    });
  }
  if (tables?.known == null) {
    await run(transaction, "CREATE SCHEMA runsmith");
  }
  await run(
    transaction,
    `CREATE TABLE runsmith.migrations (
       number int NOT NULL CONSTRAINT pk_migrations PRIMARY KEY CLUSTERED,
       name nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
       checksum nvarchar(64) COLLATE Latin1_General_BIN2 NOT NULL,
       oldest_program int NOT NULL,
       applied_at datetime2(3) NOT NULL
     )`,
  );
}

async function apply(pool: sql.ConnectionPool, transaction: sql.Transaction, migration: Migration): Promise<void> {
  for (const batch of batchesOf(migration.sql)) {
    await run(migration.inTransaction ? transaction : pool, batch);
  }
  await transaction
    .request()
    .input("number", sql.Int, migration.number)
    .input("name", sql.NVarChar(256), migration.name)
    .input("checksum", sql.NVarChar(64), migration.checksum)
    .input("oldest_program", sql.Int, migration.oldestProgram)
    .query(
      `INSERT INTO runsmith.migrations (number, name, checksum, oldest_program, applied_at)
       VALUES (@number, @name, @checksum, @oldest_program, SYSUTCDATETIME())`,
    );
}

/** Runs a batch for as long as it takes: a migration of a large table is not over in seconds. */
async function run(connection: sql.ConnectionPool | sql.Transaction, batch: string): Promise<void> {
  noteStatement({ text: batch, procedure: false, parameters: [] });
  await patientRequest(connection).batch(batch);
}

/** A request that may take any time. */
function patientRequest(connection: sql.ConnectionPool | sql.Transaction): sql.Request {
  return new (sql.Request as unknown as PatientRequest)(connection, { requestTimeout: 0 });
}

/** The driver's constructor, with the settings that its types leave out. */
type PatientRequest = new (
  connection: sql.ConnectionPool | sql.Transaction,
  overrides: { requestTimeout: number },
) => sql.Request;

async function rows<Row>(connection: sql.ConnectionPool | sql.Transaction, text: string): Promise<Row[]> {
  noteStatement({ text, procedure: false, parameters: [] });
  return (await connection.request().query<Row>(text)).recordset;
}
