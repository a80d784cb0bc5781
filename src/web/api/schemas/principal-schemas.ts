import { tokenPermissions } from "../../../contract/api/principal.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, timeSchema } from "./common-schemas.ts";

const nameSchema: JsonSchema = { type: "string", minLength: 1, maxLength: 128 };
const description: JsonSchema = { type: "string", maxLength: 4096 };
const principalKind: JsonSchema = { enum: ["user", "group", "service-principal", "worker"] };

/** Longer ones are refused with their reason; this only bounds what is hashed. */
const password: JsonSchema = { type: "string", maxLength: 1024 };

const scope: JsonSchema = {
  ...orNull({ type: "array", minItems: 1, uniqueItems: true, items: { enum: tokenPermissions } }),
  description: "The permissions that it has at most, `read` always among them; null for all of its principal's.",
};

const principalSettings: Record<string, JsonSchema> = {
  description,
  enabled: { type: "boolean", description: "Tokens and sessions of a disabled principal open nothing." },
  administrator: { type: "boolean" },
};

const userSettings: Record<string, JsonSchema> = {
  ...principalSettings,
  displayName: { type: "string", maxLength: 256 },
  email: orNull({ type: "string", format: "email", maxLength: 320 }),
  password: { ...orNull(password), description: "At least 12 characters; null takes it away." },
  mustChangePassword: { type: "boolean", description: "The user does nothing else before." },
};

export const createPrincipalSchema: JsonSchema = objectSchema(
  { name: nameSchema, ...principalSettings },
  Object.keys(principalSettings),
);
export const changePrincipalSchema: JsonSchema = {
  ...objectSchema(principalSettings, Object.keys(principalSettings)),
  minProperties: 1,
};
export const createUserSchema: JsonSchema = objectSchema(
  { name: nameSchema, ...userSettings },
  Object.keys(userSettings),
);
export const changeUserSchema: JsonSchema = {
  ...objectSchema(userSettings, Object.keys(userSettings)),
  minProperties: 1,
};

export const signInSchema: JsonSchema = objectSchema({
  userName: { type: "string", minLength: 1, maxLength: 256 },
  password,
});

export const changePasswordSchema: JsonSchema = objectSchema({ currentPassword: password, newPassword: password });

export const createTokenSchema: JsonSchema = objectSchema(
  {
    name: { type: "string", minLength: 1, maxLength: 128, description: "What it is for." },
    principal: {
      type: "string",
      minLength: 1,
      maxLength: 256,
      description: "Whose it is: an id, `user:NAME`, `service-principal:NAME`, or a name; the caller's own by default.",
    },
    scope,
    expiresAt: { ...orNull(timeSchema), description: "Null or left out: it does not end by itself." },
  },
  ["principal", "scope", "expiresAt"],
);

const principal: Record<string, JsonSchema> = {
  principalId: idSchema,
  name: { type: "string" },
  enabled: { type: "boolean" },
  administrator: { type: "boolean", description: "Whether it holds the role itself; its groups may give it too." },
  description: { type: "string" },
  createdAt: timeSchema,
  modifiedAt: orNull(timeSchema),
  modifiedBy: { type: ["string", "null"] },
  revision: { type: "integer" },
};

const principalReference = objectSchema({ principalId: idSchema, kind: principalKind, name: { type: "string" } });

const token: Record<string, JsonSchema> = {
  tokenId: idSchema,
  name: { type: "string" },
  principal: principalReference,
  scope,
  createdAt: timeSchema,
  createdBy: { type: ["string", "null"] },
  expiresAt: orNull(timeSchema),
  lastUsedAt: { ...orNull(timeSchema), description: "To the minute or so." },
};

/** The principals' part of the resources in the OpenAPI document. */
export const principalResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  User: objectSchema({
    ...principal,
    displayName: { type: "string" },
    email: { type: ["string", "null"] },
    hasPassword: { type: "boolean" },
    mustChangePassword: { type: "boolean" },
    passwordChangedAt: orNull(timeSchema),
    signedInAt: orNull(timeSchema),
  }),
  Group: objectSchema(principal),
  ServicePrincipal: objectSchema(principal),
  GroupMember: objectSchema({
    principalId: idSchema,
    kind: { enum: ["user", "service-principal"] },
    name: { type: "string" },
    provider: { type: ["string", "null"], description: "The sign-in provider that made it a member." },
    addedAt: timeSchema,
    addedBy: { type: "string" },
  }),
  Token: objectSchema(token),
  NewToken: objectSchema({ ...token, token: { type: "string", description: "Shown this once." } }),
  SignInWays: objectSchema({
    password: { const: true, description: "By POST /api/session." },
    providers: {
      type: "array",
      items: objectSchema({
        name: { type: "string" },
        displayName: { type: "string" },
        url: { type: "string", description: "To open in the browser; takes `returnTo`." },
      }),
    },
  }),
  NewSession: objectSchema({
    principalId: idSchema,
    name: { type: "string" },
    mustChangePassword: { type: "boolean" },
  }),
  Session: objectSchema({
    sessionId: idSchema,
    signedInBy: { type: "string", description: "`password`, or the name of a sign-in provider." },
    address: { type: "string" },
    current: { type: "boolean" },
    createdAt: timeSchema,
    idleEndsAt: { ...timeSchema, description: "When it ends if it is not used; to the minute or so." },
    endsAt: timeSchema,
  }),
  Me: objectSchema({
    principalId: idSchema,
    kind: principalKind,
    name: { type: "string" },
    displayName: { type: "string" },
    administrator: { type: "boolean" },
    groups: { type: "array", items: objectSchema({ principalId: idSchema, name: { type: "string" } }) },
    scope,
    signedInBy: { enum: ["token", "password", "session"] },
    hasPassword: { type: "boolean" },
    mustChangePassword: { type: "boolean" },
  }),
};
