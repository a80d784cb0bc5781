import { attemptOutcomes } from "../job-status.ts";
import { journalItemSchema } from "../journal.ts";
import { streamNames } from "../stream.ts";
import { attemptSchema, idSchema, timeSchema } from "./common-schemas.ts";
import type { ServiceRecordsFrame, WorkerRecordsFrame } from "./records-frames.ts";

/*
 * JSON Schema 2020-12 of each frame of the records socket, by its `type`. Members that a schema does not name are allowed.
 * Texts have no bound here: the size of a frame has, and counting code points of each record would cost more than it tells.
 */

const number = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

/** 32 bits with a sign, as operating systems have it. */
const exitCodeSchema = { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 } as const;

/** What a worker may send. */
export const workerRecordsFrameSchemas: Readonly<Record<WorkerRecordsFrame["type"], object>> = {
  "records-hello": {
    type: "object",
    required: ["protocol", "workerId", "instanceId"],
    properties: {
      protocol: { type: "integer" },
      workerId: idSchema,
      instanceId: { type: "string", minLength: 1, maxLength: 128 },
      elsewhere: { type: "boolean" },
    },
  },
  append: {
    type: "object",
    required: ["jobId", "attempt", "records"],
    properties: {
      jobId: idSchema,
      attempt: attemptSchema,
      times: {
        type: "object",
        required: ["hostReadyAt", "runningAt"],
        properties: { hostReadyAt: timeSchema, runningAt: timeSchema },
      },
      records: {
        type: "array",
        items: {
          type: "object",
          required: ["number", "stream", "time", "text"],
          properties: {
            number: { ...number, minimum: 1 },
            stream: { enum: streamNames },
            time: timeSchema,
            text: { type: "string" },
            cut: { type: "boolean" },
            continued: { type: "boolean" },
          },
        },
      },
      journal: { type: "array", items: journalItemSchema },
      ended: {
        type: "object",
        required: ["outcome", "reason", "endedAt"],
        properties: {
          outcome: { enum: attemptOutcomes },
          reason: { enum: ["script", "stopped", "time-limit", "host-lost", "worker-error", "output-limit"] },
          exception: {
            type: "object",
            required: ["name", "message"],
            properties: { name: { type: "string" }, message: { type: "string" }, stack: { type: "string" } },
          },
          exitCode: exitCodeSchema,
          endedAt: timeSchema,
        },
      },
    },
  },
};

/** What a service may send. */
export const serviceRecordsFrameSchemas: Readonly<Record<ServiceRecordsFrame["type"], object>> = {
  acknowledged: {
    type: "object",
    required: ["jobId", "attempt", "number", "ended"],
    properties: { jobId: idSchema, attempt: attemptSchema, number, journal: number, ended: { type: "boolean" } },
  },
  refused: {
    type: "object",
    required: ["jobId", "attempt"],
    properties: { jobId: idSchema, attempt: attemptSchema },
  },
};
