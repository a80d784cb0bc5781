import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UserError } from "../contract/user-error.ts";

/**
 * Makes sure that the data directory is there, is a directory, and is ours to write.
 * @throws UserError `data-directory-unusable`.
 */
export function prepareDataDirectory(dataDirectory: string): void {
  try {
    createDirectory(resolve(dataDirectory));
    accessSync(dataDirectory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const account = process.getuid?.() ?? "of the service";
    throw new UserError(
      "data-directory-unusable",
      `The data directory ${dataDirectory} cannot be used: ${(error as Error).message}.`,
      {
        status: 500,
        remedy: `Choose another directory with --data, or make this one belong to the service's account (uid ${account}).`,
        cause: error,
      },
    );
  }
}

/** Level by level: Node's own recursive form never returns where the parent is there and yet nothing can be made in it (`/proc`). */
function createDirectory(directory: string): void {
  if (existsSync(directory)) return;
  const parent = dirname(directory);
  if (!existsSync(parent)) createDirectory(parent);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
