import type { ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { runbookRequestSchema } from "./child-runbook.ts";
import { validationErrors } from "./validation-errors.ts";

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
const compiled = new Map<string, ValidateFunction>();

/**
 * What is wrong with what a script asks about other runbooks and jobs, as a sentence for its author; null where it is a
 * `RunbookRequest`. The same at both ends of the link: the worker sends nothing else, and the service relies on no worker.
 */
export function runbookRequestProblem(request: unknown): string | null {
  const action: unknown =
    typeof request === "object" && request !== null && "action" in request ? request.action : null;
  const check = typeof action === "string" ? checkOf(action) : undefined;
  if (check === undefined) {
    return "This is no request for a runbook or a job.";
  }
  if (check(request)) {
    return null;
  }
  const list = validationErrors(check.errors ?? []).map(({ pointer, message }) => `${pointer.slice(1)} ${message}`);
  return `This is no request for a runbook or a job: ${list.join(", ")}.`;
}

function checkOf(action: string): ValidateFunction | undefined {
  const known = compiled.get(action);
  const schema = runbookRequestSchema.oneOf.find(({ properties }) => isOf(action, properties.action));
  if (known !== undefined || schema === undefined) {
    return known;
  }
  const check = ajv.compile({ type: "object", ...schema });
  compiled.set(action, check);
  return check;
}

function isOf(action: string, of: { const: string } | { enum: readonly string[] }): boolean {
  return "const" in of ? of.const === action : of.enum.includes(action);
}
