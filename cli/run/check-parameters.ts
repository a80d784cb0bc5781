import type { Signature } from "../../src/contract/signature.ts";
import { UserError } from "../../src/contract/user-error.ts";

/** Throws `UserError` (`invalid-parameters`) with all that is wrong, as the service does before it accepts a job. */
export async function checkParameters(signature: Signature, parameters: Record<string, unknown>): Promise<void> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const { default: formats } = await import("ajv-formats");
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  formats.default(ajv);
  const validate = ajv.compile(signature);
  if (validate(parameters)) return;
  const errors = (validate.errors ?? []).map(({ instancePath, message, params }) => ({
    pointer: `/parameters${instancePath}${memberOf(params)}`,
    message: message ?? "is not valid",
  }));
  const declared = Object.keys(signature.properties);
  throw new UserError("invalid-parameters", "The parameters do not fit the script.", {
    errors,
    remedy: `It takes ${declared.length === 0 ? "no parameters" : declared.join(", ")}: -p name=value.`,
  });
}

/** The member that a "required" or "additional" error is about, which its path leaves out. */
function memberOf(params: Record<string, unknown>): string {
  const name = params.missingProperty ?? params.additionalProperty;
  return typeof name === "string" ? `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}` : "";
}
