import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import sql from "mssql";
import { readDatabaseUrl } from "../../src/store/mssql/database-url.ts";
import type { StoreOptions } from "../../src/store/store-options.ts";

/** A kind of database that a bench runs on. */
export interface BenchDatabase {
  name: string;
  /** After `--database`. */
  option: "sqlite" | "sql-server";
  /** An empty database, gone when it is disposed; `folder` is for what it keeps in files. */
  make(folder: string): Promise<MadeDatabase & AsyncDisposable>;
}

export interface MadeDatabase {
  options: StoreOptions;
  /** What a server is told so that it uses it; the embedded one is in its data folder. */
  arguments: string[];
  /** How many jobs there are, past every service. */
  countJobs(): Promise<number>;
}

/** SQLite, and SQL Server where RUNSMITH_TEST_MSSQL names one; with `--database sqlite` or `--database sql-server` that one only. */
export function benchDatabases(): BenchDatabase[] {
  const only = /--database[= ](sqlite|sql-server)/.exec(process.argv.join(" "))?.[1];
  const sqlServer = process.env["RUNSMITH_TEST_MSSQL"];
  if (sqlServer === undefined || sqlServer === "") {
    if (only === "sql-server") throw new Error("RUNSMITH_TEST_MSSQL names no SQL Server.");
    return [sqlite];
  }
  return [sqlite, sqlServerDatabase].filter(({ option }) => only === undefined || only === option);
}

const sqlite: BenchDatabase = {
  name: "SQLite",
  option: "sqlite",
  make: (folder) =>
    Promise.resolve({
      options: { dataDirectory: folder },
      arguments: [],
      countJobs: async () => countOf(folder),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};

function countOf(folder: string): number {
  const database = new DatabaseSync(join(folder, "runsmith.sqlite"), { readOnly: true });
  try {
    return Number(database.prepare("SELECT COUNT(*) AS n FROM jobs").get()?.["n"]);
  } finally {
    database.close();
  }
}

const sqlServerDatabase: BenchDatabase = {
  name: "SQL Server",
  option: "sql-server",
  async make(folder) {
    const { takeTestDatabase, dropTestDatabases } = await import("../../src/store/testing/test-database.ts");
    const database = await takeTestDatabase();
    await mkdir(folder, { recursive: true });
    const file = join(folder, "database.url");
    await writeFile(file, database.url, { mode: 0o600 });
    return {
      arguments: ["--database-file", file],
      async countJobs() {
        const pool = await new sql.ConnectionPool(readDatabaseUrl(database.url).config).connect();
        try {
          const { recordset } = await pool.request().query<{ n: number }>("SELECT COUNT(*) AS n FROM runsmith.jobs");
          return recordset[0]?.n ?? Number.NaN;
        } finally {
          await pool.close();
        }
      },
      options: { dataDirectory: folder, databaseUrl: database.url },
      async [Symbol.asyncDispose]() {
        await database.release();
        await dropTestDatabases();
      },
    };
  },
};
