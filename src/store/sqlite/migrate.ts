import type { DatabaseSync } from "node:sqlite";
import type { AppliedMigration, Migration } from "../migrations.ts";
import { missingMigrations } from "../migrations.ts";
import { backUp } from "./back-up.ts";

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
  const missing = missingMigrations(applied, migrations);
  const [next] = missing;
  if (applied.length > 0 && next !== undefined) {
    await backUp(database, backupDirectory, `before-migration-${String(next.number).padStart(4, "0")}`);
  }
  for (const migration of missing) {
    apply(database, migration);
  }
  return Math.max(applied.length, migrations.length);
}

function appliedMigrations(database: DatabaseSync): AppliedMigration[] {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'").get();
  return known === undefined
    ? []
    : (database
        .prepare("SELECT number, name, checksum, oldest_program FROM migrations ORDER BY number")
        .all() as unknown as AppliedMigration[]);
}

function apply(database: DatabaseSync, migration: Migration): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(
      `CREATE TABLE IF NOT EXISTS migrations (
         number INTEGER NOT NULL PRIMARY KEY,
         name TEXT NOT NULL,
         checksum TEXT NOT NULL,
         oldest_program INTEGER NOT NULL,
         applied_at INTEGER NOT NULL
       ) STRICT`,
    );
    database.exec(migration.sql);
    database
      .prepare("INSERT INTO migrations (number, name, checksum, oldest_program, applied_at) VALUES (?, ?, ?, ?, ?)")
      .run(migration.number, migration.name, migration.checksum, migration.oldestProgram, Date.now());
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) {
      database.exec("ROLLBACK");
    }
    throw error;
  }
}
