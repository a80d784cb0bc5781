import { realpathSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { UserError } from "../contract/user-error.ts";

/** The folder of the master keys that Runsmith makes: `/etc/runsmith/keys` as root, else in the account's configuration. */
export function usualKeyFolder(): string {
  return userInfo().uid === 0 ? "/etc/runsmith/keys" : join(homedir(), ".config", "runsmith", "keys");
}

/** @throws UserError `master-key-beside-data` when a path is in the data folder, whose copies would hold the key beside what it opens */
export function refuseInside(dataDirectory: string, path: string): void {
  const way = relative(realPlace(dataDirectory), realPlace(path));
  if (way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !way.startsWith(sep))) {
    throw new UserError("master-key-beside-data", `The master key would be in the data folder: ${path}`, {
      status: 500,
      remedy: "Keep it elsewhere: whoever gets a copy of the data would have the key to its secrets as well.",
    });
  }
}

/** Where something is, or will be once it is made, whatever links lead there. */
function realPlace(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch {
    const folder = dirname(whole);
    return folder === whole ? whole : join(realPlace(folder), basename(whole));
  }
}
