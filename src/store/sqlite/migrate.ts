import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../../contract/user-error.ts";
import { backUp } from "./back-up.ts";
import type { Migration } from "./migrations.ts";

interface AppliedMigration {
  number: number;
  name: string;
  checksum: string;
}

/**
 * Brings the schema up to date: applies what is missing, in order, each migration in a transaction of its own with its row in
 * `migrations`, after a copy of a database that holds data was made in `backupDirectory`. Gives the number of the last one.
 * @throws UserError `database-newer-than-program`, `migration-changed`; and what `backUp` throws.
 */
export async function migrate(
  database: DatabaseSync,
  migrations: Migration[],
  backupDirectory: string,
): Promise<number> {
  const applied = appliedMigrations(database);
  checkPast(applied, migrations);
  const missing = migrations.slice(applied.length);
  const [next] = missing;
  if (applied.length > 0 && next !== undefined) {
    await backUp(database, backupDirectory, `before-migration-${String(next.number).padStart(4, "0")}`);
  }
  for (const migration of missing) {
    apply(database, migration);
  }
  return migrations.length;
}

function appliedMigrations(database: DatabaseSync): AppliedMigration[] {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'").get();
  return known === undefined
    ? []
    : (database
        .prepare("SELECT number, name, checksum FROM migrations ORDER BY number")
        .all() as unknown as AppliedMigration[]);
}

function checkPast(applied: AppliedMigration[], migrations: Migration[]): void {
  if (applied.length > migrations.length) {
    throw new UserError(
      "database-newer-than-program",
      `The database has schema ${applied.length}, this program knows schemas up to ${migrations.length}: a newer Runsmith has used it.`,
      {
        status: 500,
        remedy: "Start that newer version, or put back the copy in the folder backups of the data directory.",
      },
    );
  }
  applied.forEach((past, index) => {
    const migration = migrations[index];
    if (migration === undefined || migration.number !== past.number || migration.checksum !== past.checksum) {
      throw new UserError(
        "migration-changed",
        `Migration ${past.number} (${past.name}) is not the one that made this database: its file was changed afterwards.`,
        { status: 500, remedy: "Install the original files of this version of Runsmith again." },
      );
    }
  });
}

function apply(database: DatabaseSync, migration: Migration): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(
      `CREATE TABLE IF NOT EXISTS migrations (
         number INTEGER NOT NULL PRIMARY KEY,
         name TEXT NOT NULL,
         checksum TEXT NOT NULL,
         applied_at INTEGER NOT NULL
       ) STRICT`,
    );
    database.exec(migration.sql);
    database
      .prepare("INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)")
      .run(migration.number, migration.name, migration.checksum, Date.now());
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) {
      database.exec("ROLLBACK");
    }
    throw error;
  }
}
