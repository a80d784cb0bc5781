import { hostname } from "node:os";
import type { WorkersFeature } from "../workers/workers-feature.ts";

/** Name of the worker that `npm start` runs beside the server, … */
const localWorkerName = "local";

/**
 * A fresh token for the local worker of a group; the worker is made when it is not there, its former token ends.
 * @param shared whether other machines may have a local worker over the same database: then its name tells the machine
 */
export function localWorkerToken(
  workers: Pick<WorkersFeature, "freshToken">,
  group: string,
  shared: boolean,
): Promise<string> {
  const machine = shared ? [hostname().replaceAll(/[^\p{L}\p{N}._-]/gu, "-")] : [];
  const name = [localWorkerName, ...machine, ...(group === "default" ? [] : [group])].join("-");
  return workers.freshToken({ name, group });
}
