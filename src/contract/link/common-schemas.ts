import { idPattern } from "../id.ts";

/** JSON Schema of an id: a UUID in canonical text. */
export const idSchema = {
  type: "string",
  pattern: `^${idPattern}$`,
} as const;

/** JSON Schema of an attempt's number, from 1. */
export const attemptSchema = { type: "integer", minimum: 1, maximum: 1_000_000_000 } as const;

/** JSON Schema of milliseconds since the epoch. Far-off times are allowed: a worker's clock may be wrong, the service clamps. */
export const timeSchema = { type: "number" } as const;

/** JSON Schema of a SHA-256 in hexadecimal. */
export const hashSchema = { type: "string", pattern: "^[0-9a-f]{64}$" } as const;

export const attemptReferenceSchema = {
  type: "object",
  required: ["jobId", "attempt"],
  properties: { jobId: idSchema, attempt: attemptSchema },
} as const;
