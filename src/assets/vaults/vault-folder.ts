import { UserError } from "../../contract/user-error.ts";
import { invalidAsset } from "../invalid-asset.ts";

/** The name of a file, without any way to another folder. @throws UserError `invalid-asset` */
export function checkedPlaceName(name: string, pointer: string): string {
  if (!/^[\w][\w.-]{0,127}$/.test(name)) {
    throw invalidAsset(pointer, "It takes a name of letters, digits and the signs _ . - without a path.");
  }
  return name;
}

/** A service was not told of a folder with commands and files. */
export function noVaultFolder(): UserError {
  return new UserError("asset-unavailable", "This service has no folder of vault commands and files.", {
    status: 503,
    remedy: "Start every service with --vault-folder FOLDER; commands are in its `commands`, files in its `files`.",
  });
}
