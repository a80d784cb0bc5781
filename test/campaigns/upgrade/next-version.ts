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

/** Makes it in an empty folder: the checkout with another version number, and migrations that only add, as those of a release do. */
export async function makeNextVersion(folder: string): Promise<NextVersion> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await Promise.all(programFolders.map((name) => cp(join(checkout, name), join(folder, name), { recursive: true })));
  await symlink(join(checkout, "node_modules"), join(folder, "node_modules"));
  const description = JSON.parse(await readFile(join(checkout, "package.json"), "utf8")) as { version: string };
  const [major = 0, minor = 0] = description.version.split(".").map(Number);
  const version = `${major}.${minor + 1}.0`;
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...description, version }, null, 2));

  const before = readMigrations(join(checkout, "sql", "mssql")).length;
  const schema = before + 2;
  const write = (number: number, name: string, text: string) =>
    writeFile(
      join(folder, "sql", "mssql", `${String(number).padStart(4, "0")}-${name}.sql`),
      `-- Oldest program: ${before}\n${text}`,
    );
  await write(
    before + 1,
    "next-release",
    `ALTER TABLE runsmith.jobs ADD next_release nvarchar(100) NULL;
ALTER TABLE runsmith.workers ADD next_release int NOT NULL CONSTRAINT df_workers_next_release DEFAULT 0;
GO
CREATE TABLE runsmith.next_release (id binary(16) NOT NULL CONSTRAINT pk_next_release PRIMARY KEY CLUSTERED);
GO
`,
  );
  await write(
    schema,
    "next-release-index",
    `-- Outside a transaction
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE object_id = OBJECT_ID(N'runsmith.jobs') AND name = N'jobs_next_release')
  IF CAST(SERVERPROPERTY(N'EngineEdition') AS int) IN (3, 5, 8)
    EXECUTE sp_executesql N'CREATE INDEX jobs_next_release ON runsmith.jobs (workspace_id, next_release, job_id) WITH (ONLINE = ON)';
  ELSE
    CREATE INDEX jobs_next_release ON runsmith.jobs (workspace_id, next_release, job_id);
GO
`,
  );
  return { program: join(folder, "cli", "main.ts"), version, schema };
}
