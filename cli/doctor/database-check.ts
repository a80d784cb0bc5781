import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseFinding } from "../../src/contract/database-finding.ts";
import { ApiClient } from "../connection/api-client.ts";
import { findConnection } from "../connection/connect.ts";
import { runningServers } from "../connection/running-servers.ts";
import { askService } from "../service/service-task.ts";
import type { Check, DoctorSettings } from "./check.ts";

/** The database can be used. */
export const checkDatabase: Check = async (settings) => ({ check: "database", ...(await databaseFinding(settings)) });

/** Whether a database on SQL Server was named to this command. */
export function namesSqlServer({ databaseFile }: DoctorSettings): boolean {
  return databaseFile !== undefined || Boolean(process.env.RUNSMITH_DATABASE);
}

async function databaseFinding({ dataDirectory, databaseFile }: DoctorSettings): Promise<DatabaseFinding> {
  const named = await askedService(databaseFile);
  if (named !== null) return named;
  const running = runningServers().length === 0 ? null : await runningDatabase();
  if (running !== null) return running;
  const file = join(dataDirectory, "runsmith.sqlite");
  const found = await stat(file).catch(() => null);
  return { state: "ok", detail: `embedded, ${found === null ? "made at the first start of a server" : file}` };
}

async function askedService(databaseFile: string | undefined): Promise<DatabaseFinding | null> {
  try {
    const answer = await askService({
      task: "examine-database",
      ...(databaseFile === undefined ? {} : { databaseFile }),
    });
    return JSON.parse(answer) as DatabaseFinding | null;
  } catch (error) {
    return { state: "failed", detail: `the database could not be looked at: ${(error as Error).message}` };
  }
}

/** What the running server says of its database; null when it does not say. */
async function runningDatabase(): Promise<DatabaseFinding | null> {
  try {
    const { database, databaseVersion, schema, durability } = await new ApiClient(findConnection()).get<{
      database: string;
      databaseVersion: string;
      schema: number;
      durability: string;
    }>("/api/installation");
    const kind = database === "sqlite" ? "embedded, SQLite" : "SQL Server";
    const detail = `${kind} ${databaseVersion}, schema ${schema}`;
    return durability === "FULL"
      ? { state: "ok", detail }
      : {
          state: "note",
          detail,
          remedy: "It answers commits before they would survive a power cut; see the server's log.",
        };
  } catch {
    return null;
  }
}
