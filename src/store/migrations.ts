import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../contract/user-error.ts";

/** One step of the schema, as its file has it. */
export interface Migration {
  number: number;
  name: string;
  sql: string;
  /** SHA-256 of the file, hexadecimal. */
  checksum: string;
  /**
   * Programs that know this schema, or a later one, go on working on the database after this migration: the file says so in a line
   * `-- Oldest program: N`, else only those that have the migration itself do.
   */
  oldestProgram: number;
  /**
   * False where the file says so in a line `-- Outside a transaction`, for what SQL Server would else hold a large table for: an index.
   * It may be interrupted and begun anew, so each of its statements does nothing when it has been done.
   */
  inTransaction: boolean;
}

const fileNamePattern = /^(\d{4})-([a-z0-9-]+)\.sql$/;

/**
 * Reads `NNNN-name.sql` files, in order.
 * @throws Error when their numbers do not count from 1 without gaps: that is a broken program, not a user's mistake.
 */
export function readMigrations(directory: string): Migration[] {
  const migrations = readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => readMigration(directory, file));
  migrations.forEach((migration, index) => {
    if (migration.number !== index + 1) {
      throw new Error(`Migration ${index + 1} is missing in ${directory}.`);
    }
  });
  return migrations;
}

/** A migration that a database has had. */
export interface AppliedMigration {
  number: number;
  name: string;
  checksum: string;
  oldest_program: number;
}

/**
 * What a database still needs, in order. A newer program may have used it: within a release its migrations only add, so that services
 * of both versions work on the database side by side, and the older ones can be started again.
 * @throws UserError `database-newer-than-program`, `migration-changed`.
 */
export function missingMigrations(applied: readonly AppliedMigration[], migrations: readonly Migration[]): Migration[] {
  const further = applied.slice(migrations.length);
  if (further.some(({ oldest_program }) => oldest_program > migrations.length)) {
    throw new UserError(
      "database-newer-than-program",
      `The database has schema ${applied.length}, this program knows schemas up to ${migrations.length}: a newer Runsmith has used it.`,
      { status: 500, remedy: "Start that newer version, or put back a copy of the database from before it." },
    );
  }
  applied.slice(0, migrations.length).forEach((past, index) => {
    const migration = migrations[index];
    if (migration === undefined || migration.number !== past.number || migration.checksum !== past.checksum) {
      throw new UserError(
        "migration-changed",
        `Migration ${past.number} (${past.name}) is not the one that made this database: its file was changed afterwards.`,
        { status: 500, remedy: "Install the original files of this version of Runsmith again." },
      );
    }
  });
  return migrations.slice(applied.length);
}

/** The folder of this program's migrations, found upwards from this file, wherever the program was built to. */
export function ownMigrationsDirectory(dialect: "sqlite" | "mssql"): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "sql", dialect);
    if (existsSync(candidate)) {
      return candidate;
    }
  }
  throw new Error(`There is no folder sql/${dialect} above ${import.meta.dirname}.`);
}

function readMigration(directory: string, file: string): Migration {
  const [, number, name] = fileNamePattern.exec(file) ?? [];
  if (number === undefined || name === undefined) {
    throw new Error(`${join(directory, file)} is not named NNNN-name.sql.`);
  }
  const bytes = readFileSync(join(directory, file));
  const text = bytes.toString("utf8");
  const oldest = /^-- Oldest program: (\d+)$/m.exec(text)?.[1];
  return {
    number: Number(number),
    name,
    sql: text,
    oldestProgram: Number(oldest ?? number),
    inTransaction: !/^-- Outside a transaction$/m.test(text),
    checksum: createHash("sha256").update(bytes).digest("hex"),
  };
}
