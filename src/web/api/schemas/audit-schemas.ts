import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, timeSchema } from "./common-schemas.ts";

const name: JsonSchema = { type: "string", minLength: 1, maxLength: 256 };
const word: JsonSchema = { type: "string", pattern: "^[a-z][a-z-]{0,39}$" };
const textOrNull: JsonSchema = { type: ["string", "null"] };
const placeOrNull: JsonSchema = { type: ["integer", "null"], description: "Its place in the chain." };
const digest: JsonSchema = { type: "string", pattern: "^[0-9a-f]{64}$" };

/** Which entries, as query parameters. */
export const auditQuery: Readonly<Record<string, JsonSchema>> = {
  by: { ...name, description: "Name or id of the principal." },
  action: { ...word, description: "What was done, such as `create`, `change`, `remove`, `publish`, `stop`, `denied`." },
  kind: {
    ...word,
    description: "The kind of thing, such as `runbook`, `principal`, `worker`; `job` lists starts of jobs, too.",
  },
  thing: { ...name, description: "Name or id of the thing." },
  since: { ...timeSchema, description: "Then or later." },
  until: { ...timeSchema, description: "Before then." },
};

const anchor: JsonSchema = objectSchema({
  sequence: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  mac: digest,
  keyId: { type: "string", maxLength: 64 },
  signedAt: timeSchema,
  signature: digest,
});

export const verificationSchema: JsonSchema = objectSchema(
  {
    after: {
      type: "integer",
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "The `next` of the portion before; from the beginning of the chain when left out.",
    },
    anchors: {
      type: "array",
      maxItems: 100,
      items: anchor,
      description: "Anchors that were kept elsewhere: the chain has to go through them.",
    },
  },
  ["after", "anchors"],
);

/** The resources in the OpenAPI document. */
export const auditResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  AuditEntry: objectSchema({
    entryId: idSchema,
    happenedAt: timeSchema,
    by: objectSchema({
      principalId: orNull(idSchema),
      name: { type: "string" },
      kind: textOrNull,
      signedInBy: textOrNull,
      address: textOrNull,
    }),
    requestId: textOrNull,
    action: { type: "string" },
    thing: objectSchema({ kind: { type: "string" }, id: textOrNull, name: textOrNull }),
    before: { type: ["object", "null"], description: "What was different before; null where there was nothing." },
    after: { type: ["object", "null"], description: "What is different after; null where there is nothing." },
    sequence: placeOrNull,
  }),
  AuditAnchor: anchor,
  AuditVerification: objectSchema({
    verified: { type: "integer", description: "Entries of this portion." },
    findings: {
      type: "array",
      items: objectSchema({ sequence: placeOrNull, entryId: orNull(idSchema), problem: { type: "string" } }),
    },
    next: { type: ["integer", "null"], description: "Where to go on; null at the end." },
  }),
};
