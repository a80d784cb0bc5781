import type { RunbookKind } from "../../src/contract/runbook-kind.ts";
import type { Signature } from "../../src/contract/signature.ts";
import { UserError } from "../../src/contract/user-error.ts";

/**
 * The parameters under the names that the script gives them. Throws `UserError` (`invalid-parameters`) with all that is wrong, in
 * the words of the service, which checks them the same way before it accepts a job.
 */
export async function checkedParameters(
  signature: Signature,
  kind: RunbookKind,
  given: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { compileParameterCheck } = await import("../../src/language/parameter-check.ts");
  const check = compileParameterCheck(signature, kind);
  const parameters = check.named(given);
  const errors = check.problems(parameters);
  if (errors.length === 0) return parameters;
  const count = errors.length === 1 ? "One thing is wrong" : `${errors.length} things are wrong`;
  const declared = Object.keys(signature.properties);
  throw new UserError("invalid-parameters", `${count} with the parameters for the script; nothing was started.`, {
    errors,
    remedy: `It takes ${declared.length === 0 ? "no parameters" : declared.join(", ")}: -p name=value.`,
  });
}
