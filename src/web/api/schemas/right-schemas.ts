import { rightScopes, rightsRoles } from "../../../contract/api/right.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, timeSchema } from "./common-schemas.ts";

/** Text that names a principal. */
export const principalSchema: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: 300,
  description: "`user:NAME`, `group:NAME`, `service-principal:NAME`, a name that only one of them has, or an id.",
};

/** Text that names what a right is on. */
export const rightSubjectSchema: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: 512,
  description:
    "`everything`, `folder:PATH`, `runbook:NAME`, `worker-group:NAME`, or an asset by its kind, such as `credential:NAME`.",
};

export const giveRightSchema: JsonSchema = objectSchema({
  principal: principalSchema,
  role: { enum: rightsRoles },
  on: rightSubjectSchema,
});

const textOrNull: JsonSchema = { type: ["string", "null"] };

/** The rights' part of the resources in the OpenAPI document. */
export const rightResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  Right: objectSchema({
    rightId: idSchema,
    principal: objectSchema({ principalId: idSchema, kind: { type: "string" }, name: { type: "string" } }),
    role: { enum: rightsRoles },
    on: objectSchema({
      kind: { enum: rightScopes },
      assetKind: { ...textOrNull, description: "Of an asset: variable, credential, …" },
      id: orNull(idSchema),
      name: { ...textOrNull, description: "Null for everything, and when the thing is gone." },
    }),
    givenAt: timeSchema,
    givenBy: { type: "string" },
  }),
};
