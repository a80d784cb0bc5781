import { UserError } from "../../src/contract/user-error.ts";
import { secretInput } from "./secret-input.ts";

/**
 * A new password: asked twice on the terminal, or read from standard input. Throws `UserError` (`secret-needed`, `passwords-differ`).
 */
export async function newPassword(name = "new password"): Promise<string> {
  const password = await secretInput(name);
  if (process.stdin.isTTY && (await secretInput(`${name}, again`)) !== password) {
    throw new UserError("passwords-differ", "The two passwords are not the same, so nothing was changed.");
  }
  return password;
}
