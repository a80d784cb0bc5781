import { isolations } from "../../../contract/api/runbook.ts";
import { grantsSchema } from "../../../contract/grant.ts";
import { jobStatuses } from "../../../contract/job-status.ts";
import { runbookKinds } from "../../../contract/runbook-kind.ts";
import { streamNames } from "../../../contract/stream.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, prioritySchema, resource, timeSchema } from "./common-schemas.ts";

const count: JsonSchema = { type: "integer", minimum: 0 };
const textOrNull: JsonSchema = { type: ["string", "null"] };

export const startJobSchema: JsonSchema = objectSchema(
  {
    runbook: { type: "string", minLength: 1, maxLength: 256, description: "Id or name." },
    parameters: { type: "object", description: "By name; checked against the signature before anything is stored." },
    draft: { type: "boolean", description: "Run the draft instead of the published version." },
    priority: { ...prioritySchema, description: "The runbook's when left out; the larger goes first." },
  },
  ["parameters", "draft", "priority"],
);

export const stopJobSchema: JsonSchema = objectSchema(
  { force: { type: "boolean", description: "Kill the script at once, without asking it to end." } },
  ["force"],
);

/** The job's part of the resources in the OpenAPI document. */
export const jobResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  JobException: objectSchema(
    {
      name: { type: "string" },
      message: { type: "string" },
      stack: { type: "string" },
      line: { type: "integer" },
      column: { type: "integer" },
      cause: resource("JobException"),
    },
    ["stack", "line", "column", "cause"],
  ),
  Job: objectSchema({
    jobId: idSchema,
    runbookId: idSchema,
    runbookName: { type: "string" },
    runbookKind: { enum: runbookKinds },
    versionId: idSchema,
    versionNumber: { type: "integer", minimum: 1 },
    draft: { type: "boolean" },
    status: { enum: jobStatuses },
    statusReason: { ...textOrNull, description: "Why the status is what it is." },
    priority: { ...prioritySchema, description: "The larger goes first." },
    workerGroup: {
      ...textOrNull,
      description: "The worker group that its runbook named first; null when it named workers only.",
    },
    attempt: { ...count, description: "The current attempt's number, 0 before the first." },
    workerId: orNull(idSchema),
    workerName: textOrNull,
    parameters: { type: "object", description: 'As given; secret ones as {"secret":"set"}.' },
    grants: grantsSchema,
    sandbox: { ...textOrNull, description: "What isolated the job." },
    isolation: {
      enum: [...isolations, null],
      description:
        "`job`: its host was its own. `runbook`: its host may have served, or serve, other jobs of the runbook.",
    },
    result: { description: "What the script returned, as a structured value." },
    exception: orNull(resource("JobException")),
    exitCode: { type: ["integer", "null"] },
    errorCount: count,
    warningCount: count,
    recordCount: count,
    startedBy: { type: "string" },
    retryOf: { ...orNull(idSchema), description: "The ended job that this one was started in place of." },
    parentJobId: { ...orNull(idSchema), description: "The job whose script started it." },
    scheduleId: { ...orNull(idSchema), description: "The schedule that started it." },
    dueAt: { ...orNull(timeSchema), description: "The time of its schedule that it was started for." },
    timings: objectSchema({
      acceptedAt: timeSchema,
      claimedAt: orNull(timeSchema),
      hostReadyAt: orNull(timeSchema),
      firstRecordAt: orNull(timeSchema),
      endedAt: orNull(timeSchema),
    }),
  }),
  JobAttempt: objectSchema({
    attempt: { type: "integer", minimum: 1 },
    workerId: idSchema,
    workerName: textOrNull,
    claimedAt: timeSchema,
    endedAt: orNull(timeSchema),
    outcome: textOrNull,
    reason: textOrNull,
  }),
  JobStreamRecord: objectSchema(
    {
      id: { type: "string", pattern: "^\\d+\\.\\d+$", description: "`attempt.number`." },
      attempt: { type: "integer", minimum: 1 },
      number: { type: "integer", minimum: 1 },
      stream: { enum: streamNames },
      time: timeSchema,
      text: { type: "string" },
      value: { description: "The structured form of the record." },
      cut: { type: "boolean" },
      continued: { type: "boolean" },
    },
    ["value", "cut", "continued"],
  ),
};
