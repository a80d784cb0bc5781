import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";

const longest = 128;
const shape = /^[\p{L}\p{N}][\p{L}\p{N} ._@\\+-]*$/u;

/** Whether a user, a group or a service principal may be called so. */
export function isPrincipalName(name: string): boolean {
  return shape.test(name) && name.trim() === name && name.length <= longest && !looksLikeId(name);
}

/**
 * Checks the name of a new user, group or service principal. It must be fit for command lines, addresses and log lines, for Basic
 * authentication (no colon), and no id.
 * @throws UserError `invalid-name`
 */
export function checkPrincipalName(name: string): void {
  if (!isPrincipalName(name)) {
    const message = `has 1 to ${longest} letters, digits, spaces and . _ @ \\ + -, begins with a letter or digit, and is no id`;
    throw new UserError("invalid-name", `"${name}" cannot be a name: a name ${message}.`, {
      remedy: "Choose another name.",
      errors: [{ pointer: "/name", message }],
    });
  }
}
