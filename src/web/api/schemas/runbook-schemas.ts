import { scriptSizeLimit } from "../../../contract/analysis.ts";
import { concurrencyPolicies, isolations } from "../../../contract/api/runbook.ts";
import { grantsSchema } from "../../../contract/grant.ts";
import { runbookKinds } from "../../../contract/runbook-kind.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, prioritySchema, resource, timeSchema } from "./common-schemas.ts";
import { folderNameSchema } from "./folder-schemas.ts";
import { principalSchema } from "./right-schemas.ts";

const year = 366 * 86_400_000;
const milliseconds: JsonSchema = { type: "integer", minimum: 1, maximum: 10 * year, description: "Milliseconds." };

const runTargets = {
  type: "array",
  maxItems: 32,
  items: { type: "string", minLength: 1, maxLength: 135, description: "`group:NAME` or `worker:NAME`." },
} as const satisfies JsonSchema;

const settings = {
  description: { type: "string", maxLength: 4096 },
  tags: { type: "array", maxItems: 64, items: { type: "string", minLength: 1, maxLength: 64 } },
  enabled: { type: "boolean" },
  logs: {
    type: "object",
    properties: { verbose: { type: "boolean" }, debug: { type: "boolean" }, progress: { type: "boolean" } },
    required: ["verbose", "debug", "progress"],
    additionalProperties: false,
    description: "Which of the quiet streams are recorded.",
  },
  grants: { ...grantsSchema, description: "What the runbook's hosts may see beyond their own files." },
  isolation: {
    enum: isolations,
    description:
      "`job`: a host of its own for each job. `runbook`: one host may serve one job after another of the same version, grants and starter.",
  },
  shareCallers: {
    type: "boolean",
    description: "With isolation `runbook`: a host also goes from one starter's job to another's.",
  },
  runOn: {
    ...runTargets,
    minItems: 1,
    description: "Groups and workers in the order of preference: the first with a free slot gets a job.",
  },
  standBys: {
    ...runTargets,
    description: "Groups and workers that get jobs when all that are named before them are gone for `standByAfter`.",
  },
  standByAfter: { type: "integer", minimum: 0, maximum: year, description: "Milliseconds." },
  requiredTags: {
    type: "array",
    maxItems: 64,
    items: { type: "string", minLength: 1, maxLength: 64 },
    description: "Tags that a worker must have, all of them.",
  },
  priority: { ...prioritySchema, description: "Of its jobs; the larger goes first." },
  timeLimit: { ...orNull(milliseconds), description: "Milliseconds a job may run; null means without limit." },
  startDeadline: {
    ...orNull(milliseconds),
    description: "Milliseconds a job may wait for its start; null means without limit.",
  },
  concurrencyLimit: {
    ...orNull({ type: "integer", minimum: 1, maximum: 100_000 }),
    description: "Jobs at once; null means without limit.",
  },
  concurrencyPolicy: {
    enum: concurrencyPolicies,
    description: "What a further request does when the limit is reached: wait, be refused, or replace the running one.",
  },
  attempts: {
    type: "integer",
    minimum: 1,
    maximum: 100,
    description: "How often a job may be handed to a worker; lost workers and hosts count.",
  },
  retries: {
    type: "integer",
    minimum: 0,
    maximum: 100,
    description: "How often a job is run again after its script failed.",
  },
  stopGrace: {
    type: "integer",
    minimum: 0,
    maximum: 3_600_000,
    description: "Milliseconds between asking the script to end and killing it.",
  },
  outputLimit: {
    type: "integer",
    minimum: 1024,
    maximum: 1024 ** 4,
    description: "Bytes of output of one job, after which the rest is cut.",
  },
} satisfies Record<string, JsonSchema>;

/** The body of a change: any of the settings. */
export const runbookSettingsSchema: JsonSchema = {
  type: "object",
  properties: {
    ...settings,
    folder: { ...orNull(folderNameSchema), description: "Id or path of the folder that it goes into; null for none." },
    runAs: { ...principalSchema, description: "The principal that its jobs act as." },
  },
  minProperties: 1,
  additionalProperties: false,
};

/** The file's own bytes. Their length is checked when they are decoded, so that the error can say it in bytes. */
const sourceSchema: JsonSchema = {
  type: "string",
  contentEncoding: "base64",
  description: `The bytes of the script's file in base64 (RFC 4648 §4), at most ${scriptSizeLimit} of them.`,
};

const assetsLater: JsonSchema = {
  type: "boolean",
  description: "Publish it although it names assets that its jobs may not use, or that are not there yet.",
};

export const importRunbookSchema: JsonSchema = objectSchema(
  {
    name: { type: "string", description: "At most 64 letters, digits, spaces, and _ . -, with a letter first." },
    kind: {
      enum: runbookKinds,
      description:
        "Of the two kinds of PowerShell, the runbook is of the one that its text is of: `PowerShellWorkflow` where it defines a workflow.",
    },
    source: sourceSchema,
    tags: settings.tags,
    description: settings.description,
    folder: { ...orNull(folderNameSchema), description: "Id or path of the folder that it goes into; null for none." },
    overwrite: {
      type: "boolean",
      description: "Save the text as the draft of the runbook of that name, if there is one.",
    },
    publish: { type: "boolean", description: "Publish the draft at once." },
    grantNeeded: { type: "boolean", description: "Grant what the script states that it needs." },
    assetsLater,
  },
  ["tags", "description", "folder", "overwrite", "publish", "grantNeeded", "assetsLater"],
);

export const saveDraftSchema: JsonSchema = objectSchema({ source: sourceSchema });

export const publishSchema: JsonSchema = objectSchema(
  { grantNeeded: { type: "boolean", description: "Grant what the script states that it needs." }, assetsLater },
  ["grantNeeded", "assetsLater"],
);

/** The runbook's part of the resources in the OpenAPI document. */
export const runbookResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  Problem: objectSchema(
    {
      line: { type: "integer", minimum: 1 },
      column: { type: "integer", minimum: 1 },
      endLine: { type: "integer", minimum: 1 },
      endColumn: { type: "integer", minimum: 1 },
      severity: { enum: ["error", "warning"] },
      message: { type: "string" },
      code: { type: "string" },
      called: { type: "string", description: "The runbook that is called, where the problem is of a call." },
    },
    ["endLine", "endColumn", "called"],
  ),
  RunbookVersion: objectSchema({
    versionId: idSchema,
    runbookId: idSchema,
    number: { type: "integer", minimum: 1 },
    state: { enum: ["draft", "published", "former"] },
    analysis: { enum: ["done", "waiting"], description: "`waiting`: no worker can analyse this kind now." },
    signature: orNull({ type: "object", description: "The parameters as JSON Schema 2020-12." }),
    problems: { type: "array", items: resource("Problem") },
    needs: { type: "array", items: { type: "string" }, description: "Grants that the script states it needs." },
    calls: {
      type: "array",
      items: { type: "string" },
      description: "Names that it may call other runbooks by, as the script writes them.",
    },
    synopsis: { type: "string" },
    contentHash: { type: "string", description: "SHA-256 of the file's bytes, hexadecimal." },
    size: { type: "integer", minimum: 0 },
    createdAt: timeSchema,
    createdBy: { type: "string" },
    publishedAt: orNull(timeSchema),
  }),
  RunbookRunAs: objectSchema({
    principalId: idSchema,
    kind: { type: ["string", "null"] },
    name: { type: ["string", "null"], description: "Null when it is gone." },
    enabled: { type: "boolean", description: "Whether jobs can be started for it." },
  }),
  Runbook: objectSchema({
    runbookId: idSchema,
    name: { type: "string" },
    kind: { enum: runbookKinds },
    ...settings,
    folderId: orNull(idSchema),
    folder: { type: ["string", "null"], description: "The path of the folder that it is in." },
    runAs: orNull(resource("RunbookRunAs")),
    draft: orNull(resource("RunbookVersion")),
    published: orNull(resource("RunbookVersion")),
    createdAt: timeSchema,
    modifiedAt: timeSchema,
    modifiedBy: { type: "string" },
    revision: { type: "integer", minimum: 1 },
  }),
};
