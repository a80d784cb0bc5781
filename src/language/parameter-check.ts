import type { ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { RunbookKind } from "../contract/runbook-kind.ts";
import { hostKindOf } from "../contract/runbook-kind.ts";
import type { Signature } from "../contract/signature.ts";
import type { ValidationWords } from "../contract/validation-errors.ts";
import { validationErrors } from "../contract/validation-errors.ts";
import { deepestValue, isTooDeep } from "../contract/value-depth.ts";
import { credentialsNamedBy } from "./named-credentials.ts";
import { timeBounded } from "./time-bounded.ts";

export interface ParameterProblem {
  /** JSON pointer (RFC 6901) into the request, such as `/parameters/hosts/0`. */
  pointer: string;
  message: string;
}

/** The check of parameters against one signature, compiled. */
export interface ParameterCheck {
  /** Names of the parameters whose values are secret. */
  readonly secretNames: readonly string[];
  /** Names of the parameters that name credentials, or hold such names. */
  readonly credentialNames: readonly string[];
  /** The credentials that parameters name. */
  credentialsIn(parameters: Record<string, unknown>): string[];
  /** The parameters under the names that the signature gives them: PowerShell does not regard case. */
  named(parameters: Record<string, unknown>): Record<string, unknown>;
  /** All that is wrong, each once; none of it quotes a value. */
  problems(parameters: Record<string, unknown>): ParameterProblem[];
  /** Lets go of what was compiled. */
  release(): void;
}

// Defaults are the script's own; a value is never converted on its way to a script.
const ajv = new Ajv2020({
  allErrors: true,
  strict: false,
  useDefaults: false,
  coerceTypes: false,
  ownProperties: true,
});
addFormats.default(ajv);

const words: ValidationWords = {
  missing: "is required",
  surplus: (isTopLevel) => (isTopLevel ? "is not a parameter of this runbook" : "is not expected here"),
};

/** Keywords whose check may cost more than in proportion to the value, as `^(a+)+$` does. */
const costlyKeywords = /"(pattern|patternProperties|uniqueItems)":/;

/** A check of those has this long, in milliseconds, … */
const longestCheck = 250;

/** … and after one that took longer the next one has to wait, so that such checks never take more than a tenth of the thread. */
const pauseAfterLongCheck = 10 * longestCheck;

/** Compiles the check of a signature; some milliseconds. */
export function compileParameterCheck(signature: Signature, kind: RunbookKind): ParameterCheck {
  const validate: ValidateFunction = ajv.compile(signature);
  const names = Object.keys(signature.properties);
  const secretNames = names.filter((name) => signature.properties[name]?.["x-secret"] === true);
  const credentialNames = names.filter((name) => JSON.stringify(signature.properties[name]).includes('"x-asset":'));
  const isCostly = costlyKeywords.test(JSON.stringify(signature));
  let notBefore = 0;
  /** Whether the parameters are valid; null when that took too long to find out. */
  const isValid = (parameters: Record<string, unknown>): boolean | null => {
    if (!isCostly) {
      return validate(parameters);
    }
    if (performance.now() < notBefore) {
      return null;
    }
    const found = timeBounded(() => validate(parameters), longestCheck);
    if (found === null) {
      notBefore = performance.now() + pauseAfterLongCheck;
    }
    return found === null ? null : found.value;
  };
  const byLowerCase = new Map(names.map((name) => [name.toLowerCase(), name]));
  return {
    secretNames,
    credentialNames,
    credentialsIn: (parameters) => (credentialNames.length === 0 ? [] : credentialsNamedBy(parameters, signature)),
    named: (parameters) => (hostKindOf[kind] === "pwsh" ? renamed(parameters, byLowerCase) : parameters),
    problems: (parameters) => {
      if (isTooDeep(parameters)) {
        return [{ pointer: "/parameters", message: `must not be nested deeper than ${deepestValue} levels` }];
      }
      const valid = isValid(parameters);
      if (valid === true) {
        return [];
      }
      if (valid === null) {
        const message = `took too long to check against the patterns of the signature (at most ${longestCheck} ms); make those simpler`;
        return [{ pointer: "/parameters", message }];
      }
      const problems = new Map<string, ParameterProblem>();
      for (const problem of validationErrors(validate.errors ?? [], "/parameters", words)) {
        problems.set(`${problem.pointer} ${problem.message}`, problem);
      }
      return [...problems.values()];
    },
    release: () => {
      ajv.removeSchema(signature);
    },
  };
}

function renamed(parameters: Record<string, unknown>, byLowerCase: Map<string, string>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [given, value] of Object.entries(parameters)) {
    const name = byLowerCase.get(given.toLowerCase()) ?? given;
    // A name given twice stays as it was given the second time, and is refused as unknown.
    result[Object.hasOwn(result, name) ? given : name] = value;
  }
  return result;
}
