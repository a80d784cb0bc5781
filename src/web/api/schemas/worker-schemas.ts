import { dispatchHoldScopes } from "../../../contract/api/dispatch.ts";
import { workerAdmissions, workerStatuses } from "../../../contract/api/worker.ts";
import { hostKinds } from "../../../contract/runbook-kind.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, resource, timeSchema } from "./common-schemas.ts";

const textOrNull: JsonSchema = { type: ["string", "null"] };
const count: JsonSchema = { type: "integer", minimum: 0 };
const tags = { type: "array", maxItems: 64, items: { type: "string", minLength: 1, maxLength: 64 } } as const;

export const createWorkerSchema: JsonSchema = objectSchema(
  {
    group: {
      type: "string",
      minLength: 1,
      maxLength: 64,
      description: "Name of the worker group; `default` by default.",
    },
    name: { type: "string", minLength: 1, maxLength: 64, description: "A name that no other worker has." },
    tags: { ...tags, description: "What runbooks may require." },
  },
  ["group", "name", "tags"],
);

export const changeWorkerSchema: JsonSchema = {
  ...objectSchema(
    {
      group: { type: "string", minLength: 1, maxLength: 64, description: "Jobs that it has stay with it." },
      tags: { ...tags, description: "All of its tags." },
    },
    ["group", "tags"],
  ),
  minProperties: 1,
};

export const setWorkerGroupSchema: JsonSchema = objectSchema(
  {
    description: { type: "string", maxLength: 4096 },
    leaseDuration: {
      ...orNull({ type: "integer", minimum: 3_000, maximum: 3_600_000 }),
      description: "Milliseconds after which a silent worker is lost; null for the installation's.",
    },
  },
  ["description", "leaseDuration"],
);

export const dispatchSubjectSchema: JsonSchema = objectSchema(
  {
    scope: { enum: dispatchHoldScopes },
    name: { type: "string", minLength: 1, maxLength: 256, description: "Of the group or the runbook." },
  },
  ["name"],
);

export const holdDispatchSchema: JsonSchema = objectSchema(
  {
    scope: { enum: dispatchHoldScopes },
    name: { type: "string", minLength: 1, maxLength: 256, description: "Of the group or the runbook." },
    reason: { type: "string", maxLength: 1024, description: "Shown with every job that waits for it." },
  },
  ["name", "reason"],
);

const worker: Record<string, JsonSchema> = {
  workerId: idSchema,
  name: { type: "string" },
  group: { type: "string" },
  tags: { type: "array", items: { type: "string" } },
  status: { enum: workerStatuses },
  admission: { enum: workerAdmissions, description: "What operators let it do." },
  version: textOrNull,
  hostName: textOrNull,
  sandbox: textOrNull,
  slots: { type: "integer", minimum: 0 },
  runningJobs: { type: "integer", minimum: 0 },
  hostKinds: {
    type: "array",
    items: objectSchema(
      {
        kind: { enum: hostKinds },
        version: { type: "string" },
        slots: {
          type: "integer",
          minimum: 0,
          description: "Jobs of this kind at once; as many as slots when left out.",
        },
      },
      ["slots"],
    ),
  },
  vitals: orNull(resource("WorkerVitals")),
  lastSeenAt: orNull(timeSchema),
  createdAt: timeSchema,
};

/** The worker's part of the resources in the OpenAPI document. */
export const workerResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  WorkerVitals: objectSchema({
    load: { type: "number", description: "1-minute load average of its machine." },
    cores: { type: ["integer", "null"] },
    memory: { type: "number", description: "Resident bytes of the worker's process." },
    totalMemory: { type: ["number", "null"], description: "Bytes of the machine." },
    availableMemory: { type: ["number", "null"] },
  }),
  Worker: objectSchema(worker),
  NewWorker: objectSchema({ ...worker, token: { type: "string", description: "Shown this once." } }),
  WorkerGroup: objectSchema({
    name: { type: "string" },
    description: { type: "string" },
    leaseDuration: { type: ["integer", "null"], description: "Milliseconds; null for the installation's." },
    workers: count,
    connectedWorkers: count,
    slots: { ...count, description: "Of connected workers." },
    runningJobs: count,
    held: { ...textOrNull, description: "Who holds its dispatch, and why." },
    createdAt: timeSchema,
    modifiedAt: timeSchema,
    modifiedBy: { type: "string" },
    revision: { type: "integer", minimum: 1 },
  }),
  DispatchHold: objectSchema({
    scope: { enum: dispatchHoldScopes },
    name: { ...textOrNull, description: "Of the group or the runbook; null for everything." },
    reason: { type: "string" },
    heldBy: { type: "string" },
    heldAt: timeSchema,
  }),
};
