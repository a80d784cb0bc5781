import { noticeEvents, noticeStatuses } from "../../../contract/api/notice.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, timeSchema } from "./common-schemas.ts";

const name: JsonSchema = { type: "string", minLength: 1, maxLength: 128 };
const nameOrNull: JsonSchema = { type: ["string", "null"], minLength: 1, maxLength: 128 };
const textOrNull: JsonSchema = { type: ["string", "null"] };
const count: JsonSchema = { type: "integer", minimum: 0 };
/** Milliseconds; a year at most. */
const longest = 366 * 86_400_000;
const duration: JsonSchema = { type: "integer", minimum: 0, maximum: longest, description: "Milliseconds." };
const durationOrNull: JsonSchema = { type: ["integer", "null"], minimum: 0, maximum: longest };
const subjects = [...noticeEvents, "test"];

const webHook = {
  kind: { const: "web-hook" },
  url: { type: ["string", "null"], maxLength: 2000, description: "The address that notices are posted to." },
  secretUrl: { ...nameOrNull, description: "Name of the notice secret that holds the address; in place of `url`." },
  allowHttp: { type: "boolean", description: "Take plain HTTP for an address that is not loopback." },
  signingSecret: { ...nameOrNull, description: "Name of the notice secret that signs the requests." },
} as const satisfies Record<string, JsonSchema>;

const mail = {
  kind: { const: "mail" },
  recipients: { type: "array", minItems: 1, maxItems: 20, items: { type: "string", minLength: 3, maxLength: 254 } },
} as const satisfies Record<string, JsonSchema>;

const targetInput: JsonSchema = {
  type: "object",
  discriminator: { propertyName: "kind" },
  oneOf: [objectSchema(webHook, ["url", "secretUrl", "allowHttp", "signingSecret"]), objectSchema(mail)],
};

const events: JsonSchema = { type: "array", minItems: 1, uniqueItems: true, items: { enum: noticeEvents } };

const settings = {
  enabled: { type: "boolean" },
  events,
  runbook: { type: ["string", "null"], minLength: 1, maxLength: 256, description: "Id or name; only jobs of it." },
  group: { ...nameOrNull, description: "Only jobs and workers of this group." },
  tag: { ...nameOrNull, description: "Only jobs whose runbook has this tag." },
  startLateAfter: { ...durationOrNull, description: "Milliseconds; of `job-start-late`." },
  runningLongAfter: { ...durationOrNull, description: "Milliseconds; of `job-running-long`." },
  throttle: {
    ...duration,
    description: "Milliseconds in which one event of one runbook or worker is told once; 0 tells each.",
  },
  target: targetInput,
} as const satisfies Record<string, JsonSchema>;

export const createNoticeRuleSchema: JsonSchema = objectSchema(
  { name, ...settings },
  Object.keys(settings).filter((member) => member !== "target"),
);

export const changeNoticeRuleSchema: JsonSchema = objectSchema(settings, Object.keys(settings));

export const noticeStatusSchema: JsonSchema = { enum: noticeStatuses };

/** The resources in the OpenAPI document. */
export const noticeResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  NoticeRule: objectSchema({
    ruleId: idSchema,
    name: { type: "string" },
    enabled: { type: "boolean" },
    events: { type: "array", items: { enum: noticeEvents } },
    runbookId: orNull(idSchema),
    runbookName: { ...textOrNull, description: "Null for any, and where the runbook is gone." },
    group: textOrNull,
    tag: textOrNull,
    startLateAfter: durationOrNull,
    runningLongAfter: durationOrNull,
    throttle: duration,
    target: { oneOf: [objectSchema(webHook), objectSchema(mail)] },
    failures: { ...count, description: "Deliveries that have failed since the last one that succeeded." },
    createdAt: timeSchema,
    modifiedAt: timeSchema,
    modifiedBy: { type: "string" },
    revision: { type: "integer", minimum: 1 },
  }),
  Notice: objectSchema({
    noticeId: { ...idSchema, description: "Also the id of the event that receivers get." },
    ruleId: idSchema,
    ruleName: { type: "string" },
    event: { enum: subjects },
    text: { type: "string" },
    occurrences: { ...count, description: "How often it happened since the notice before." },
    facts: objectSchema({
      job: orNull(
        objectSchema({
          jobId: idSchema,
          runbookId: idSchema,
          runbookName: { type: "string" },
          status: { type: "string" },
          statusReason: textOrNull,
          exception: orNull(objectSchema({ name: { type: "string" }, message: { type: "string" } })),
          startedBy: { type: "string" },
          group: textOrNull,
          workerName: textOrNull,
          acceptedAt: timeSchema,
          claimedAt: orNull(timeSchema),
          endedAt: orNull(timeSchema),
        }),
      ),
      worker: orNull(
        objectSchema({ workerId: idSchema, name: { type: "string" }, group: { type: "string" }, reason: textOrNull }),
      ),
      certificate: orNull(
        objectSchema({
          assetId: idSchema,
          name: { type: "string" },
          subject: { type: "string" },
          expiresAt: timeSchema,
        }),
      ),
      schedule: orNull(
        objectSchema({
          linkId: idSchema,
          scheduleName: { type: "string" },
          runbookId: idSchema,
          runbookName: { type: "string" },
          dueAt: { ...timeSchema, description: "The last of the times at which nothing was started." },
          reason: textOrNull,
        }),
      ),
      otherJobs: { type: "array", items: idSchema, description: "Further jobs to which the same happened." },
    }),
    status: noticeStatusSchema,
    attempts: count,
    reason: { ...textOrNull, description: "Why the last attempt failed." },
    happenedAt: timeSchema,
    createdAt: timeSchema,
    nextAttemptAt: orNull(timeSchema),
    deliveredAt: orNull(timeSchema),
  }),
  NoticeDelivery: objectSchema({
    attempt: { type: "integer", minimum: 1 },
    startedAt: timeSchema,
    endedAt: orNull(timeSchema),
    outcome: { enum: ["delivered", "failed", null] },
    statusCode: { type: ["integer", "null"], description: "HTTP status or SMTP reply code." },
    detail: textOrNull,
  }),
};
