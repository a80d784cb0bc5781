/**
 * The parameters of a runbook version as JSON Schema 2020-12, an object schema, with the annotations below.
 * `additionalProperties` is always false.
 */
export interface Signature {
  $schema: "https://json-schema.org/draft/2020-12/schema";
  type: "object";
  properties: Record<string, ParameterSchema>;
  /** Names of the parameters without which the runbook does not start. */
  required: string[];
  additionalProperties: false;
  $defs?: Record<string, ParameterSchema>;
}

/** One parameter: any JSON Schema, with annotations. */
export interface ParameterSchema {
  [keyword: string]: unknown;
  /** Help, from the doc comment or the help comment. */
  description?: string;
  default?: unknown;
  /** The value is secret: masked in records, returned by no API. */
  "x-secret"?: boolean;
  /** The value is the name of an asset of this kind, and the script gets what that holds. */
  "x-asset"?: "credential";
  /** Position for positional callers, from 0. */
  "x-position"?: number;
  /** The type as the script's language writes it, such as `string[]` or `System.DateTime`. */
  "x-type"?: string;
}

/** The signature of a script without parameters. */
export const emptySignature: Signature = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: {},
  required: [],
  additionalProperties: false,
};
