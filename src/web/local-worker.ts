import type { WorkersFeature } from "../workers/workers-feature.ts";

/** Name of the worker that `npm start` runs beside the server. */
export const localWorkerName = "local";

/** A fresh token for the local worker of a group; the worker is made when it is not there, its former token ends. */
export function localWorkerToken(workers: Pick<WorkersFeature, "freshToken">, group: string): Promise<string> {
  return workers.freshToken({ name: group === "default" ? localWorkerName : `${localWorkerName}-${group}`, group });
}
