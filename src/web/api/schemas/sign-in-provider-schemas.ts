import { newUserRules } from "../../../contract/api/sign-in-provider.ts";
import type { JsonSchema } from "../route.ts";
import { objectSchema, orNull, timeSchema } from "./common-schemas.ts";

const text: JsonSchema = { type: "string", minLength: 1, maxLength: 256 };

const settings: Record<string, JsonSchema> = {
  displayName: { ...text, description: "As people read it." },
  issuer: { type: "string", minLength: 1, maxLength: 1024, description: "The provider's issuer identifier." },
  clientId: text,
  scopes: { type: "array", maxItems: 32, items: text, description: "Beside `openid`." },
  nameClaim: { ...text, description: "The claim that a new user is named by." },
  groupsClaim: { ...text, description: "The claim that lists the groups of a user there." },
  groups: {
    type: "object",
    maxProperties: 1_000,
    additionalProperties: text,
    description: "Names of groups here, by those of groups there.",
  },
  newUsers: { enum: newUserRules, description: "Whom the provider may send that was never here." },
};

const name: JsonSchema = { type: "string", pattern: "^[a-z0-9][a-z0-9-]{0,31}$", description: "As in its address." };

const change: Record<string, JsonSchema> = {
  ...settings,
  enabled: { type: "boolean" },
  clientSecret: { ...orNull({ type: "string", minLength: 1, maxLength: 1024 }), description: "Never shown again." },
};

export const createSignInProviderSchema: JsonSchema = objectSchema(
  { name, ...change },
  Object.keys(change).filter((key) => key !== "issuer" && key !== "clientId"),
);

export const changeSignInProviderSchema: JsonSchema = {
  ...objectSchema(change, Object.keys(change)),
  minProperties: 1,
};

/** The sign-in providers' part of the resources in the OpenAPI document. */
export const signInProviderResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  SignInProvider: objectSchema({
    name,
    ...settings,
    enabled: { type: "boolean" },
    hasClientSecret: { type: "boolean" },
    fromFile: {
      type: "boolean",
      description: "Whether it comes from the server's file; such a one cannot be changed.",
    },
    modifiedAt: orNull(timeSchema),
    modifiedBy: { type: ["string", "null"] },
    revision: { type: "integer" },
  }),
};
