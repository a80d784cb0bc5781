import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readMigrations } from "../../../src/store/migrations.ts";

const checkout = join(import.meta.dirname, "..", "..", "..");
const programFolders = ["bin", "cli", "src", "worker", "sql"];

/** The version that follows the checkout's. */
export interface NextVersion {
  /** Its `runsmith`. */
  program: string;
  version: string;
  /** Number of its last migration. */
  schema: number;
}

/** Makes it in an empty folder: the checkout with another version number, and a migration that only adds, as those of a release do. */
export async function makeNextVersion(folder: string): Promise<NextVersion> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await Promise.all(programFolders.map((name) => cp(join(checkout, name), join(folder, name), { recursive: true })));
  await symlink(join(checkout, "node_modules"), join(folder, "node_modules"));
  const description = JSON.parse(await readFile(join(checkout, "package.json"), "utf8")) as { version: string };
  const [major = 0, minor = 0] = description.version.split(".").map(Number);
  const version = `${major}.${minor + 1}.0`;
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...description, version }, null, 2));

  const before = readMigrations(join(checkout, "sql", "mssql")).length;
  const schema = before + 1;
  const file = join(folder, "sql", "mssql", `${String(schema).padStart(4, "0")}-next-release.sql`);
  await writeFile(
    file,
    `-- Oldest program: ${before}
ALTER TABLE runsmith.jobs ADD next_release nvarchar(100) NULL;
ALTER TABLE runsmith.workers ADD next_release int NOT NULL CONSTRAINT df_workers_next_release DEFAULT 0;
GO
CREATE TABLE runsmith.next_release (id binary(16) NOT NULL CONSTRAINT pk_next_release PRIMARY KEY CLUSTERED);
GO
`,
  );
  return { program: join(folder, "cli", "main.ts"), version, schema };
}
