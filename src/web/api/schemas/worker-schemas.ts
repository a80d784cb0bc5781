import { hostKinds } from "../../../contract/runbook-kind.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, timeSchema } from "./common-schemas.ts";

const textOrNull: JsonSchema = { type: ["string", "null"] };

export const createWorkerSchema: JsonSchema = objectSchema(
  {
    group: {
      type: "string",
      minLength: 1,
      maxLength: 64,
      description: "Name of the worker group; `default` by default.",
    },
    name: { type: "string", minLength: 1, maxLength: 64, description: "A name that no other worker has." },
  },
  ["group", "name"],
);

const worker: Record<string, JsonSchema> = {
  workerId: idSchema,
  name: { type: "string" },
  group: { type: "string" },
  status: { enum: ["connected", "draining", "lost", "never-connected"] },
  version: textOrNull,
  hostName: textOrNull,
  sandbox: textOrNull,
  slots: { type: "integer", minimum: 0 },
  runningJobs: { type: "integer", minimum: 0 },
  hostKinds: { type: "array", items: objectSchema({ kind: { enum: hostKinds }, version: { type: "string" } }) },
  lastSeenAt: orNull(timeSchema),
  createdAt: timeSchema,
};

/** The worker's part of the resources in the OpenAPI document. */
export const workerResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  Worker: objectSchema(worker),
  NewWorker: objectSchema({ ...worker, token: { type: "string", description: "Shown this once." } }),
};
