import { journalKinds } from "../../../contract/journal.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, timeSchema } from "./common-schemas.ts";

const textOrNull: JsonSchema = { type: ["string", "null"] };
const addressedTo: JsonSchema = {
  type: ["array", "null"],
  items: { type: "string" },
  description: "Who may approve; null for whoever may operate the runbook.",
};

export const sendEventSchema: JsonSchema = objectSchema(
  {
    name: { type: "string", minLength: 1, maxLength: 400, description: "As the runbook waits for it." },
    value: { description: "What the runbook gets: anything that JSON can say." },
  },
  ["value"],
);

export const restartJobSchema: JsonSchema = objectSchema(
  {
    from: {
      type: "string",
      minLength: 1,
      maxLength: 400,
      description: "Name or id of the step to go on at, done or not; left out to go on behind all that is done.",
    },
  },
  ["from"],
);

export const answerApprovalSchema: JsonSchema = objectSchema(
  {
    approved: { type: "boolean" },
    reason: { type: "string", maxLength: 4_000, description: "Why; told to the runbook, and shown." },
    stepId: { ...idSchema, description: "Which one, where the job waits for several." },
  },
  ["reason", "stepId"],
);

/** The part of jobs' steps of the resources in the OpenAPI document. */
export const jobStepResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  JobStep: objectSchema({
    stepId: idSchema,
    kind: { enum: journalKinds },
    name: { type: "string" },
    branch: { type: "string", description: "The path of its branch; empty outside of branches." },
    attempt: { type: "integer", minimum: 1 },
    startedAt: timeSchema,
    endedAt: {
      ...orNull(timeSchema),
      description: "Null while it is waited for; of a step: it was under way when its attempt ended.",
    },
    until: { ...orNull(timeSchema), description: "When a wait is over by itself." },
    event: textOrNull,
    message: textOrNull,
    to: addressedTo,
    result: { description: "What a step gave, without secrets." },
    answer: { type: ["object", "null"], description: "Who ended a wait, how and why." },
  }),
  Approval: objectSchema({
    stepId: idSchema,
    jobId: idSchema,
    runbookId: idSchema,
    runbookName: { type: "string" },
    startedBy: { type: "string", description: "Who started the job." },
    message: textOrNull,
    to: addressedTo,
    since: { ...timeSchema, description: "When it was asked for." },
    until: { ...orNull(timeSchema), description: "When it is over by itself." },
  }),
};
