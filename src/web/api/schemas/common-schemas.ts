import { highestPriority, lowestPriority } from "../../../contract/api/placement.ts";
import { idPattern } from "../../../contract/id.ts";
import type { JsonSchema } from "../route.ts";

/** A UUID in canonical form; upper case is taken too. */
export const idSchema: JsonSchema = {
  type: "string",
  pattern: `^${idPattern.replaceAll("a-f", "a-fA-F")}$`,
  description: "A UUID.",
};

/** A priority of jobs. */
export const prioritySchema: JsonSchema = { type: "integer", minimum: lowestPriority, maximum: highestPriority };

/** A moment: UTC, ISO 8601 with milliseconds. */
export const timeSchema: JsonSchema = { type: "string", format: "date-time" };

export const largestPage = 1000;
export const defaultPage = 100;

/** The query parameters of every list. */
export const pageQuery = {
  after: { type: "string", maxLength: 1024, description: "The `next` of the page before." },
  limit: {
    type: "integer",
    minimum: 1,
    maximum: largestPage,
    description: `Items of the page; ${defaultPage} by default.`,
  },
} as const satisfies Record<string, JsonSchema>;

/** The input that `pageQuery` describes. */
export interface PageQuery {
  after?: string;
  limit?: number;
}

/** A reference to one of `resourceSchemas`. */
export function resource(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** A page of a list of resources. */
export function pageOf(name: string): JsonSchema {
  return objectSchema({ items: { type: "array", items: resource(name) }, next: { type: ["string", "null"] } });
}

/** An object whose members are all required, except those named as optional. */
export function objectSchema(properties: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, ...(required.length > 0 && { required }), additionalProperties: false };
}

/** A value that may also be null. */
export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}
