import type { ErrorObject } from "ajv/dist/2020.js";

/** Words for what is missing or too many, where a caller knows better ones. */
export interface ValidationWords {
  missing?: string;
  /** @param isTopLevel whether the surplus member is one of the value itself */
  surplus?: (isTopLevel: boolean) => string;
}

/**
 * What ajv found, each with the JSON pointer (RFC 6901) of the value that is wrong, or of the member that is missing or too many.
 * No message quotes a value that was given.
 */
export function validationErrors(
  errors: readonly ErrorObject[],
  pointerPrefix = "",
  { missing = "is missing", surplus = () => "is not known here" }: ValidationWords = {},
): { pointer: string; message: string }[] {
  return errors.map(({ instancePath, keyword, message, params: details }) => {
    const pointer = pointerPrefix + instancePath;
    const params = details as Record<string, unknown>;
    switch (keyword) {
      case "required":
        return { pointer: `${pointer}/${escapePointer(String(params["missingProperty"]))}`, message: missing };
      case "additionalProperties":
      case "unevaluatedProperties": {
        const name = String(params["additionalProperty"] ?? params["unevaluatedProperty"]);
        return { pointer: `${pointer}/${escapePointer(name)}`, message: surplus(instancePath === "") };
      }
      case "enum": {
        const allowed = (params["allowedValues"] as unknown[]).map((value) => JSON.stringify(value)).join(", ");
        return { pointer, message: `must be one of ${allowed}` };
      }
      case "discriminator":
        return {
          pointer: `${pointer}/${escapePointer(String(params["tag"]))}`,
          message: "is not one of those known here",
        };
      case "const":
        return { pointer, message: `must be ${JSON.stringify(params["allowedValue"])}` };
      default:
        return { pointer, message: message ?? "is not valid" };
    }
  });
}

/** RFC 6901 §3. */
function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
