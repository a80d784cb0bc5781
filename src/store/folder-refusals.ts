import { UserError } from "../contract/user-error.ts";

/* What changes of folders are refused with, on every database. */

export function noSuchFolder(folder: string): UserError {
  return new UserError("folder-not-found", `There is no folder ${folder}.`, {
    status: 404,
    remedy:
      "Check the path: `npx runsmith get-folder` lists all folders. A folder is made with `npx runsmith new-folder`.",
  });
}

export function folderExists(name: string): UserError {
  return new UserError("folder-exists", `There is a folder ${name} already.`, {
    status: 409,
    remedy: "Choose another name, or use that folder.",
  });
}

export function folderNotEmpty(name: string, content: string): UserError {
  return new UserError("folder-not-empty", `The folder ${name} is not empty: ${content} is in it.`, {
    status: 409,
    remedy: "Move its runbooks (set-runbook --folder) and remove its folders first.",
  });
}

/** The path of the folder above; null at the top. */
export function folderAbove(name: string): string | null {
  const end = name.lastIndexOf("/");
  return end < 0 ? null : name.slice(0, end);
}
