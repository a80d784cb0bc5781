import type { ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { UserError } from "../../contract/user-error.ts";
import type { JsonSchema } from "./route.ts";

/** A check of one part of a request; `pointerPrefix` goes before the pointers it reports. */
export type Check = (value: unknown) => void;

const options = { allErrors: true, strict: true, allowUnionTypes: true } as const;

/** Bodies are taken as they are. */
const exact = prepared(new Ajv2020(options));

/** What stands in a URL is text, and is read as the number or truth value that the schema asks for. */
const fromText = prepared(new Ajv2020({ ...options, coerceTypes: true }));

/**
 * Compiles the check of a body.
 * @returns a function that throws UserError `invalid-request` (400) with all that is wrong, by JSON pointer
 */
export function bodyCheck(schema: JsonSchema): Check {
  return check(exact.compile(schema), "", "The body does not fit what this route takes.");
}

/** Compiles the check of query parameters; it also converts them in place. */
export function queryCheck(parameters: Readonly<Record<string, JsonSchema>>): Check {
  const schema = { type: "object", properties: parameters, additionalProperties: false };
  return check(fromText.compile(schema), "/query", "The query does not fit what this route takes.");
}

/** Compiles the check of path parameters. */
export function paramsCheck(parameters: Readonly<Record<string, JsonSchema>>): Check {
  const schema = { type: "object", properties: parameters };
  return check(exact.compile(schema), "/path", "The address does not fit what this route takes.");
}

function check(validate: ValidateFunction, pointerPrefix: string, message: string): Check {
  return (value) => {
    if (!validate(value)) {
      throw new UserError("invalid-request", message, {
        remedy: "Mend what is listed under errors; /api/openapi.json describes every route.",
        errors: validationErrors(validate.errors ?? [], pointerPrefix),
      });
    }
  };
}

/** What ajv found, each with the pointer of the value that is wrong, or of the member that is missing or too many. */
export function validationErrors(
  errors: readonly ErrorObject[],
  pointerPrefix = "",
): { pointer: string; message: string }[] {
  return errors.map((error) => {
    const pointer = pointerPrefix + error.instancePath;
    const params = error.params as Record<string, unknown>;
    if (error.keyword === "required") {
      return { pointer: `${pointer}/${escapePointer(String(params["missingProperty"]))}`, message: "is missing" };
    }
    if (error.keyword === "additionalProperties" || error.keyword === "unevaluatedProperties") {
      const surplus = params["additionalProperty"] ?? params["unevaluatedProperty"];
      return { pointer: `${pointer}/${escapePointer(String(surplus))}`, message: "is not known here" };
    }
    if (error.keyword === "enum") {
      const allowed = (params["allowedValues"] as unknown[]).map((value) => JSON.stringify(value)).join(", ");
      return { pointer, message: `must be one of ${allowed}` };
    }
    if (error.keyword === "const") {
      return { pointer, message: `must be ${JSON.stringify(params["allowedValue"])}` };
    }
    return { pointer, message: error.message ?? error.keyword };
  });
}

/** RFC 6901 §3. */
function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function prepared(ajv: Ajv2020): Ajv2020 {
  addFormats.default(ajv);
  return ajv;
}
