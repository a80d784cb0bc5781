import type { TestContext } from "node:test";
import { SqliteJobsDatabase } from "../sqlite/jobs-database.ts";
import type { JobsDatabase } from "./jobs-database.ts";
import { temporaryStoreOptions } from "./temporary-store.ts";

/* For tests only. */

/** An empty database for a `storeTest`, of the kind that it is run with. */
export async function openJobsDatabase(t: TestContext): Promise<JobsDatabase> {
  const { databaseUrl } = await temporaryStoreOptions(t);
  if (databaseUrl === undefined) {
    return new SqliteJobsDatabase();
  }
  const { openMssqlJobsDatabase } = await import("../mssql/jobs-database.ts");
  return openMssqlJobsDatabase(databaseUrl);
}

/** So many services over one empty database, for a `sharedDatabaseTest`. */
export async function openJobsDatabases(t: TestContext, services: number): Promise<JobsDatabase[]> {
  const { databaseUrl = "" } = await temporaryStoreOptions(t);
  const { openMssqlJobsDatabase } = await import("../mssql/jobs-database.ts");
  return Promise.all(Array.from({ length: services }, () => openMssqlJobsDatabase(databaseUrl)));
}
