import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** One step of the schema, as its file has it. */
export interface Migration {
  number: number;
  name: string;
  sql: string;
  /** SHA-256 of the file, hexadecimal. */
  checksum: string;
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

/** The folder of this program's migrations, found upwards from this file, wherever the program was built to. */
export function ownMigrationsDirectory(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "sql", "sqlite");
    if (existsSync(candidate)) {
      return candidate;
    }
  }
  throw new Error(`There is no folder sql/sqlite above ${import.meta.dirname}.`);
}

function readMigration(directory: string, file: string): Migration {
  const [, number, name] = fileNamePattern.exec(file) ?? [];
  if (number === undefined || name === undefined) {
    throw new Error(`${join(directory, file)} is not named NNNN-name.sql.`);
  }
  const bytes = readFileSync(join(directory, file));
  return {
    number: Number(number),
    name,
    sql: bytes.toString("utf8"),
    checksum: createHash("sha256").update(bytes).digest("hex"),
  };
}
