import type { ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { UserError } from "../../contract/user-error.ts";
import { validationErrors } from "../../contract/validation-errors.ts";
import type { JsonSchema } from "./route.ts";

/** A check of one part of a request; `pointerPrefix` goes before the pointers it reports. */
export type Check = (value: unknown) => void;

const options = { allErrors: true, strict: true, allowUnionTypes: true, discriminator: true } as const;

const queryMessage = "The query does not fit what this route takes.";
const listedRemedy = "Mend what is listed under errors; /api/openapi.json describes every route.";

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
  const checkQuery = check(fromText.compile(schema), "/query", queryMessage);
  return (query) => {
    checkQuery(query);
    refuseInfinite(query as Readonly<Record<string, unknown>>);
  };
}

/** `1e400` reads as infinity, which the validator holds to no bounds. */
function refuseInfinite(query: Readonly<Record<string, unknown>>): void {
  const infinite = Object.keys(query).filter(
    (name) => typeof query[name] === "number" && !Number.isFinite(query[name]),
  );
  if (infinite.length > 0) {
    throw new UserError("invalid-request", queryMessage, {
      remedy: listedRemedy,
      errors: infinite.map((name) => ({ pointer: `/query/${name}`, message: "must be a finite number" })),
    });
  }
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
        remedy: listedRemedy,
        errors: validationErrors(validate.errors ?? [], pointerPrefix),
      });
    }
  };
}

function prepared(ajv: Ajv2020): Ajv2020 {
  addFormats.default(ajv);
  return ajv;
}
