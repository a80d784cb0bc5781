/** What a host may see beyond its own files; parsing and printing are in `src/language/needs.ts`. */
export type Grant =
  | { type: "network" }
  | { type: "processes" }
  | { type: "path"; path: string; access: "read" | "write" }
  | { type: "socket"; path: string };

/** JSON Schema of a list of grants. */
export const grantsSchema = {
  type: "array",
  maxItems: 64,
  items: {
    oneOf: [
      {
        type: "object",
        additionalProperties: false,
        required: ["type"],
        properties: { type: { enum: ["network", "processes"] } },
      },
      {
        type: "object",
        additionalProperties: false,
        required: ["type", "path", "access"],
        properties: {
          type: { const: "path" },
          path: { type: "string", pattern: "^/", maxLength: 1024 },
          access: { enum: ["read", "write"] },
        },
      },
      {
        type: "object",
        additionalProperties: false,
        required: ["type", "path"],
        properties: { type: { const: "socket" }, path: { type: "string", pattern: "^/", maxLength: 1024 } },
      },
    ],
  },
} as const;
