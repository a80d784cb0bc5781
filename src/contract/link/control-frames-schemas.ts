import { assetErrorCodes, assetNameSchema, assetValueKinds, variableTypes } from "../assets.ts";
import { mostCalls } from "../child-runbook.ts";
import { grantsSchema } from "../grant.ts";
import { hostKinds, runbookKinds } from "../runbook-kind.ts";
import { attemptReferenceSchema, attemptSchema, hashSchema, idSchema, timeSchema } from "./common-schemas.ts";
import type { ServiceControlFrame, WorkerControlFrame } from "./control-frames.ts";

/*
 * JSON Schema 2020-12 of each frame of the control socket, by its `type`.
 * Members that a schema does not name are allowed and ignored, so that a neighbouring version may send more.
 */

const text = { type: "string" } as const;
const name = { type: "string", maxLength: 1024 } as const;
const count = { type: "integer", minimum: 0, maximum: 1_000_000 } as const;
const milliseconds = { type: "number", minimum: 0 } as const;

/** JSON Schema of what a script asks of the assets. */
export const assetRequestSchema = {
  type: "object",
  required: ["action", "name"],
  oneOf: [
    {
      required: ["kind"],
      properties: { action: { const: "get" }, kind: { enum: assetValueKinds } },
    },
    {
      required: ["type", "value"],
      properties: { action: { const: "set-variable" }, type: { enum: variableTypes }, value: true },
    },
  ],
  properties: { name: assetNameSchema },
} as const;

const assetAnswerSchema = {
  type: "object",
  properties: {
    value: { type: "object", required: ["kind"], properties: { kind: { enum: assetValueKinds } } },
    secrets: { type: "array", items: text },
    encrypted: { type: "boolean" },
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { enum: assetErrorCodes }, message: text },
    },
  },
} as const;

const childSchema = {
  type: "object",
  required: ["name", "kind", "versionId", "script", "signature", "scriptHash"],
  properties: {
    name,
    kind: { enum: runbookKinds },
    versionId: idSchema,
    script: { type: ["string", "null"] },
    scriptHash: hashSchema,
    signature: { type: "object", required: ["properties", "required"] },
  },
} as const;

/** What a worker may send. */
export const workerControlFrameSchemas: Readonly<Record<WorkerControlFrame["type"], object>> = {
  hello: {
    type: "object",
    required: [
      "protocol",
      "version",
      "instanceId",
      "hostName",
      "slots",
      "hostKinds",
      "missingHostKinds",
      "sandbox",
      "running",
    ],
    properties: {
      protocol: { type: "integer" },
      version: name,
      instanceId: { type: "string", minLength: 1, maxLength: 128 },
      hostName: name,
      slots: { type: "integer", minimum: 0, maximum: 10_000 },
      hostKinds: {
        type: "array",
        maxItems: 16,
        items: {
          type: "object",
          required: ["kind", "version"],
          properties: {
            kind: { enum: hostKinds },
            version: name,
            slots: { type: "integer", minimum: 0, maximum: 10_000 },
          },
        },
      },
      missingHostKinds: {
        type: "array",
        maxItems: 16,
        items: {
          type: "object",
          required: ["kind", "reason"],
          properties: { kind: { enum: hostKinds }, reason: name },
        },
      },
      sandbox: { enum: ["bubblewrap", "none"] },
      running: { type: "array", maxItems: 100_000, items: attemptReferenceSchema },
    },
  },
  heartbeat: {
    type: "object",
    required: ["sequence", "freeSlots", "warmHosts", "load", "memory"],
    properties: {
      sequence: { type: "integer", minimum: 0 },
      freeSlots: { type: "integer" },
      warmHosts: { type: "object", additionalProperties: count },
      load: { type: "number" },
      memory: { type: "number" },
      cores: count,
      totalMemory: { type: "number" },
      availableMemory: { type: "number" },
    },
  },
  "job-declined": {
    type: "object",
    required: ["jobId", "attempt", "reason"],
    properties: { jobId: idSchema, attempt: attemptSchema, reason: { type: "string", maxLength: 8192 } },
  },
  "script-needed": {
    type: "object",
    required: ["scriptHash", "jobId"],
    properties: { scriptHash: hashSchema, jobId: idSchema },
  },
  draining: { type: "object" },
  analysis: {
    type: "object",
    required: ["requestId", "analysis"],
    properties: {
      requestId: name,
      error: text,
      analysis: {
        type: ["object", "null"],
        required: ["signature", "needs", "problems", "synopsis", "executable"],
        properties: {
          signature: {
            type: "object",
            required: ["properties", "required"],
            properties: { properties: { type: "object" }, required: { type: "array", items: text } },
          },
          needs: { type: "array", maxItems: 64, items: name },
          problems: {
            type: "array",
            maxItems: 10_000,
            items: {
              type: "object",
              required: ["line", "column", "severity", "message", "code"],
              properties: {
                line: { type: "integer" },
                column: { type: "integer" },
                endLine: { type: "integer" },
                endColumn: { type: "integer" },
                severity: { enum: ["error", "warning"] },
                message: text,
                code: text,
              },
            },
          },
          calls: { type: "array", maxItems: mostCalls, items: name },
          synopsis: text,
          executable: { type: ["string", "null"] },
        },
      },
    },
  },
  "asset-request": {
    type: "object",
    required: ["requestId", "jobId", "attempt", "request"],
    properties: { requestId: name, jobId: idSchema, attempt: attemptSchema, request: assetRequestSchema },
  },
  "runbook-request": {
    type: "object",
    required: ["requestId", "jobId", "attempt", "request"],
    // What a script asks amiss gets an answer, see `runbookRequestProblem`: a link that breaks over it would break again.
    properties: { requestId: name, jobId: idSchema, attempt: attemptSchema, request: { type: "object" } },
  },
};

/** What a service may send. */
export const serviceControlFrameSchemas: Readonly<Record<ServiceControlFrame["type"], object>> = {
  welcome: {
    type: "object",
    required: ["protocol", "workerId", "group", "leaseDuration", "serviceTime", "keep"],
    properties: {
      protocol: { type: "integer" },
      workerId: idSchema,
      group: name,
      leaseDuration: milliseconds,
      serviceTime: timeSchema,
      keep: { type: "array", items: attemptReferenceSchema },
    },
  },
  "heartbeat-acknowledged": {
    type: "object",
    required: ["sequence", "serviceTime", "leaseDuration"],
    properties: { sequence: { type: "integer" }, serviceTime: timeSchema, leaseDuration: milliseconds },
  },
  "run-job": {
    type: "object",
    required: [
      "jobId",
      "attempt",
      "runbook",
      "scriptHash",
      "script",
      "parameters",
      "parameterSchemas",
      "logs",
      "grants",
      "timeLimit",
      "stopGrace",
      "outputLimit",
    ],
    properties: {
      jobId: idSchema,
      attempt: attemptSchema,
      runbook: {
        type: "object",
        required: ["id", "name", "kind"],
        properties: { id: idSchema, name, kind: { enum: runbookKinds } },
      },
      scriptHash: hashSchema,
      script: { type: ["string", "null"] },
      parameters: { type: "object" },
      parameterSchemas: { type: "object", additionalProperties: { type: "object" } },
      logs: {
        type: "object",
        required: ["verbose", "debug", "progress"],
        properties: { verbose: { type: "boolean" }, debug: { type: "boolean" }, progress: { type: "boolean" } },
      },
      grants: grantsSchema,
      timeLimit: { type: ["number", "null"], minimum: 0 },
      stopGrace: milliseconds,
      outputLimit: { type: "number", minimum: 0 },
      reuseKey: { type: ["string", "null"], maxLength: 1024 },
      secrets: { type: "array", items: text },
      journal: { type: "array", items: { type: "object", required: ["key", "kind"] } },
      checkpoint: text,
      children: { type: "array", maxItems: mostCalls, items: childSchema },
    },
  },
  script: { type: "object", required: ["scriptHash", "script"], properties: { scriptHash: hashSchema, script: text } },
  "stop-job": {
    type: "object",
    required: ["jobId", "attempt", "reason", "force"],
    properties: { jobId: idSchema, attempt: attemptSchema, reason: text, force: { type: "boolean" } },
  },
  "suspend-job": {
    type: "object",
    required: ["jobId", "attempt"],
    properties: { jobId: idSchema, attempt: attemptSchema },
  },
  "drop-job": {
    type: "object",
    required: ["jobId", "attempt"],
    properties: { jobId: idSchema, attempt: attemptSchema },
  },
  drain: { type: "object" },
  analyse: {
    type: "object",
    required: ["requestId", "name", "script"],
    properties: { requestId: name, name, script: text },
  },
  "asset-answer": {
    type: "object",
    required: ["requestId", "answer"],
    properties: { requestId: name, answer: assetAnswerSchema },
  },
  "runbook-answer": {
    type: "object",
    required: ["requestId", "answer"],
    properties: { requestId: name, answer: { type: "object" } },
  },
};
