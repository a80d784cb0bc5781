import { folderNameLength, folderPathLength } from "../contract/api/folder.ts";
import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";

const namePattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_. -]*$/u;

/**
 * Checks the path of a new folder and gives it in Unicode normal form C: names separated by `/`, each of letters, digits, spaces and
 * `_ . -`, with a letter or a digit first.
 * @throws UserError `invalid-folder-name`, which says what is wrong
 */
export function checkedFolderPath(given: string): string {
  const path = given.normalize("NFC");
  const fault = faultOf(path);
  if (fault !== undefined) {
    throw new UserError(
      "invalid-folder-name",
      `${JSON.stringify(path.slice(0, folderPathLength))} cannot be the path of a folder: it ${fault}.`,
      {
        remedy: `Use names of at most ${folderNameLength} letters, digits, spaces, and the signs _ . -, separated by /.`,
        errors: [{ pointer: "/name", message: fault }],
      },
    );
  }
  return path;
}

function faultOf(path: string): string | undefined {
  if (path.length > folderPathLength) {
    return `has more than ${folderPathLength} characters`;
  }
  if (looksLikeId(path)) {
    return "looks like an id";
  }
  for (const name of path.split("/")) {
    if (name === "") {
      return "has an empty name in it";
    }
    if (name.length > folderNameLength) {
      return `has a name of more than ${folderNameLength} characters`;
    }
    if (!namePattern.test(name) || /[. ]$/.test(name)) {
      return `has the name ${JSON.stringify(name)} in it`;
    }
  }
  return undefined;
}
