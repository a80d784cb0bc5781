import { chmod, mkdir, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../src/contract/user-error.ts";

/**
 * Makes the folder in which hosts find their runtimes: the worker's own, readable by every account.
 * A checkout or a home folder often is neither, and hosts run as other accounts than the worker.
 *
 * @throws UserError when the folder cannot be made, or belongs to somebody else.
 */
export async function prepareRuntimeFolder(folder: string): Promise<void> {
  try {
    const made = await mkdir(folder, { recursive: true });
    for (let place = folder; place.startsWith(made ?? folder); place = dirname(place)) await chmod(place, 0o755);
  } catch (cause) {
    throw new UserError(
      "runtime-folder-unusable",
      `The folder ${folder}, for the files of hosts, cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy: "Start the worker with an account that may write there, or set XDG_CACHE_HOME.",
        cause,
      },
    );
  }
  const owner = (await stat(folder)).uid;
  if (owner !== process.getuid?.()) {
    throw new UserError(
      "runtime-folder-unusable",
      `The folder ${folder}, for the files of hosts, belongs to the user ${owner}, who could change what hosts run.`,
      {
        remedy: "Remove it, or give it to the worker's account.",
      },
    );
  }
  const closed = owner === 0 ? await firstClosedFolder([await realpath(folder)]) : null;
  if (closed !== null) {
    throw new UserError(
      "runtime-folder-unusable",
      `Hosts run as other accounts, which cannot reach ${folder}: ${closed} does not let them through.`,
      { remedy: `Open it with chmod o+x ${closed}, or use another folder.` },
    );
  }
}

/** Whatever the worker's umask is: what launchers put into the folder is for every account to read. */
export async function openRuntimeFiles(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (!path.startsWith(`${folder}/`)) continue;
    for (let place = path; place !== folder; place = dirname(place)) {
      const found = await stat(place);
      const wanted = found.isDirectory() ? 0o755 : found.mode | 0o444 | ((found.mode & 0o100) === 0 ? 0 : 0o111);
      if (found.uid === process.getuid?.() && (found.mode & 0o777) !== (wanted & 0o777))
        await chmod(place, wanted & 0o777);
    }
  }
}

/** The first folder on the way to one of the paths that does not let other accounts through; null when all do. */
export async function firstClosedFolder(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    for (let place = path; place !== "/"; place = dirname(place)) {
      const found = await stat(place);
      if (found.isDirectory() && (found.mode & 0o001) === 0) return place;
    }
  }
  return null;
}
