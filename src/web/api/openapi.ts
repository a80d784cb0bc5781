import { errorMediaType } from "../../contract/error-body.ts";
import type { JsonSchema, Route, RouteAccess } from "./route.ts";
import { resourceSchemas } from "./schemas/resource-schemas.ts";

/** The OpenAPI 3.1 document of a table of routes: the same table that mounts them, so that neither can say more. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Runsmith",
      version,
      description:
        "Runbooks, jobs and workers. Errors are problems (RFC 9457). Times are UTC, ISO 8601 with milliseconds. Lists page by `after` and `next`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: resourceSchemas,
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "A principal's token." } },
    },
  };
}

function operation(route: Route): Record<string, unknown> {
  const parameters = [
    ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) =>
      parameter("path", name, route.params?.[name] ?? { type: "string" }),
    ),
    ...Object.entries(route.query ?? {}).map(([name, schema]) => parameter("query", name, schema)),
    ...(route.method === "POST"
      ? [parameter("header", "Idempotency-Key", { type: "string", minLength: 1, maxLength: 255 })]
      : []),
    ...(route.ifMatch === true
      ? [parameter("header", "If-Match", { type: "string", description: "The ETag that the resource must have." })]
      : []),
  ];
  return {
    operationId: route.name,
    summary: route.summary,
    description: accessText(route.access),
    ...(route.access === "anyone" && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== undefined && {
      requestBody: {
        required: route.body.optional !== true,
        content: { "application/json": { schema: route.body.schema } },
      },
    }),
    responses: { ...responses(route), default: errorResponse },
  };
}

function accessText(access: RouteAccess): string {
  switch (access) {
    case "anyone":
      return "Needs no token.";
    case "signed-in":
      return "Needs no role; a worker's token is not taken.";
    case "administrator":
    case "worker":
      return `Needs the role ${access}.`;
    default:
      return `Needs the permission ${access} on what it is about.`;
  }
}

const errorResponse = {
  description: "A problem.",
  content: { [errorMediaType]: { schema: { $ref: "#/components/schemas/Error" } } },
};

function responses(route: Route): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, { description, schema, mediaType, otherMediaTypes = [] }]) => [
      status,
      {
        description,
        ...((schema !== undefined || mediaType !== undefined) && {
          content: {
            [mediaType ?? "application/json"]: schema === undefined ? {} : { schema },
            ...Object.fromEntries(otherMediaTypes.map((other) => [other, {}])),
          },
        }),
      },
    ]),
  );
}

function parameter(place: "path" | "query" | "header", name: string, schema: JsonSchema): Record<string, unknown> {
  return { name, in: place, required: place === "path", schema };
}
