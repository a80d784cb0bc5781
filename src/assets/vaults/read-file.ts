import { readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { UserError } from "../../contract/user-error.ts";

const longestFile = 1024 * 1024;

/** What is in a file below a folder. @throws UserError `asset-unavailable` (503), also for a way out of the folder */
export async function readVaultFile(folder: string, path: string): Promise<string> {
  try {
    const [root, file] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
    const { size } = await stat(file);
    if (file.startsWith(root + sep) && size <= longestFile) {
      return await readFile(file, "utf8");
    }
  } catch {
    // Told below: whether there is something outside is nobody's business.
  }
  throw new UserError("asset-unavailable", `There is no file ${path} in the folder of vault files.`, {
    status: 503,
    remedy: "Put it into `files` of the service's vault folder, readable by the service's account, at most 1 MiB.",
  });
}
