import { statSync } from "node:fs";
import { UserError } from "../../src/contract/user-error.ts";
import { fileIdentity, type PreparedGrants } from "./prepared-grants.ts";
import type { ProcessIdentity } from "./sandbox.ts";

/**
 * Looks at what a started host sees in the place of each granted path, before it gets a script. Paths were checked by name and
 * are mounted by name: in between, whoever may write to a folder above one can put a link to another in its place.
 *
 * @throws UserError `grant-unusable` when it is not the file or folder that was checked.
 */
export function checkMounts({ processes }: ProcessIdentity, { paths }: PreparedGrants): void {
  if (paths.length === 0) return;
  const inside = `/proc/${processes.at(-1)?.processId ?? 0}/root`;
  for (const { destination, fileIdentity: expected } of paths) {
    if (identityOf(inside + destination) !== expected) throw swapped(destination);
  }
}

function identityOf(path: string): string {
  try {
    return fileIdentity(statSync(path));
  } catch (cause) {
    throw new UserError(
      "grant-unusable",
      `What the job sees at ${path.replace(/^\/proc\/\d+\/root/, "")} cannot be checked: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy:
          "Start the job again. If it stays so, this machine keeps the worker from looking at its own jobs: see its AppArmor or SELinux log.",
        cause,
      },
    );
  }
}

function swapped(path: string): UserError {
  return new UserError("grant-unusable", `Something else took the place of ${path} while the job's sandbox was made.`, {
    remedy: "See who may write to the folders above it; then start the job again.",
  });
}
