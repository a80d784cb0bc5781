import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoreOptions } from "../../src/store/store-options.ts";

/** A kind of database that a bench runs on. */
export interface BenchDatabase {
  name: string;
  /** An empty database, gone when it is disposed; `folder` is for what it keeps in files. */
  make(folder: string): Promise<MadeDatabase & AsyncDisposable>;
}

export interface MadeDatabase {
  options: StoreOptions;
  /** What a server is told so that it uses it; the embedded one is in its data folder. */
  arguments: string[];
}

/** SQLite, and SQL Server where RUNSMITH_TEST_MSSQL names one. */
export function benchDatabases(): BenchDatabase[] {
  const sqlServer = process.env["RUNSMITH_TEST_MSSQL"];
  return sqlServer === undefined || sqlServer === "" ? [sqlite] : [sqlite, sqlServerDatabase];
}

const sqlite: BenchDatabase = {
  name: "SQLite",
  make: (folder) =>
    Promise.resolve({
      options: { dataDirectory: folder },
      arguments: [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};

const sqlServerDatabase: BenchDatabase = {
  name: "SQL Server",
  async make(folder) {
    const { takeTestDatabase, dropTestDatabases } = await import("../../src/store/testing/test-database.ts");
    const database = await takeTestDatabase();
    await mkdir(folder, { recursive: true });
    const file = join(folder, "database.url");
    await writeFile(file, database.url, { mode: 0o600 });
    return {
      arguments: ["--database-file", file],
      options: { dataDirectory: folder, databaseUrl: database.url },
      async [Symbol.asyncDispose]() {
        await database.release();
        await dropTestDatabases();
      },
    };
  },
};
