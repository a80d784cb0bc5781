import type { StoreOptions } from "../../src/store/store-options.ts";
import type { BulkJobs } from "./bulk-copies.ts";
import { addJobsToSqlite } from "./bulk-jobs-sqlite.ts";

/*
 * Data sets of a million jobs, in seconds. Jobs are copied from jobs that really ran, with every row that those left in any
 * table, straight into the database file, which nobody may have open. Only ids and times differ, and for waiting jobs the
 * place in the queue.
 */

/** Adds copies to a database that has its schema, and says how many milliseconds that took. */
export async function addJobs(options: StoreOptions, sets: readonly BulkJobs[]): Promise<number> {
  const filled = sets.filter(({ count }) => count > 0);
  if (options.databaseUrl === undefined) return addJobsToSqlite(options.dataDirectory, filled);
  const { addJobsToSqlServer } = await import("./bulk-jobs-sql-server.ts");
  return await addJobsToSqlServer(options.databaseUrl, filled);
}
