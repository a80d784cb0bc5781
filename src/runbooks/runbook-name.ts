import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";

/** As long as SMA's RunbookName. */
export const runbookNameLength = 64;

const pattern = /^\p{L}[\p{L}\p{M}\p{N}_. -]*$/u;
/** Names that a file cannot have on Windows, where scripts are exported to as well. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/**
 * Checks the name of a new runbook and gives it in Unicode normal form C: it starts with a letter, holds letters, digits,
 * spaces and `_ . -`, has at most 64 characters, and no part of a path.
 * @throws UserError `invalid-runbook-name`, which says what is wrong
 */
export function checkedRunbookName(given: string): string {
  const name = given.normalize("NFC");
  const fault = faultOf(name);
  if (fault !== undefined) {
    const shown = name.length > runbookNameLength ? `${name.slice(0, runbookNameLength)}…` : name;
    throw new UserError(
      "invalid-runbook-name",
      `${JSON.stringify(shown)} cannot be the name of a runbook: it ${fault}.`,
      {
        remedy: `Use at most ${runbookNameLength} letters, digits, spaces, and the signs _ . -, with a letter first.`,
        errors: [{ pointer: "/name", message: fault }],
      },
    );
  }
  return name;
}

function faultOf(name: string): string | undefined {
  if (name === "") {
    return "is empty";
  }
  if (/[/\\]/.test(name)) {
    return "has parts of a path";
  }
  if (name.length > runbookNameLength) {
    return `has more than ${runbookNameLength} characters`;
  }
  if (name.includes("..")) {
    return "has two dots in a row";
  }
  if (/[. ]$/.test(name)) {
    return "ends with a dot or a space";
  }
  if (!/^\p{L}/u.test(name)) {
    return "does not start with a letter";
  }
  if (!pattern.test(name)) {
    const sign = [...name].find((character) => !/[\p{L}\p{M}\p{N}_. -]/u.test(character)) ?? "";
    return `holds the character ${JSON.stringify(sign)}`;
  }
  if (reserved.test(name)) {
    return "is reserved on Windows";
  }
  if (looksLikeId(name)) {
    return "looks like an id";
  }
  return undefined;
}
