import { UserError } from "../contract/user-error.ts";

/** In characters. Length is what counts; rules about kinds of characters only make people write passwords down (NIST SP 800-63B). */
const shortest = 12;
const longest = 256;
const fewestDistinct = 5;

/** @throws UserError `weak-password` (400) that says what is asked for, never what was given */
export function checkNewPassword(password: string, userName: string): void {
  const characters = [...password];
  const problem =
    characters.length < shortest
      ? `is shorter than ${shortest} characters`
      : characters.length > longest
        ? `is longer than ${longest} characters`
        : new Set(characters).size < fewestDistinct
          ? `has fewer than ${fewestDistinct} different characters`
          : userName.length > 2 && password.toLowerCase().includes(userName.toLowerCase())
            ? "contains the name of its user"
            : null;
  if (problem !== null) {
    throw new UserError("weak-password", `The new password ${problem}.`, {
      remedy: "Choose a longer one, such as four or five words that do not belong together.",
      errors: [{ pointer: "/password", message: problem }],
    });
  }
}
