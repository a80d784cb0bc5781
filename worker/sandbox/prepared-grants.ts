import { realpath, stat } from "node:fs/promises";
import { normalize } from "node:path";
import type { Grant } from "../../src/contract/grant.ts";
import { UserError } from "../../src/contract/user-error.ts";

/** A file or folder of the machine that a host sees. */
export interface GrantedPath {
  /** Where it is, without symbolic links. */
  source: string;
  /** Where the script finds it: as the grant writes it. */
  destination: string;
  writable: boolean;
  directory: boolean;
  /** Device and inode when it was resolved, to notice that another folder has taken its place. */
  fileIdentity: string;
}

/** Grants resolved against this machine's file system, ready for a sandbox. */
export interface PreparedGrants {
  network: boolean;
  processes: boolean;
  /** Outer folders before inner ones. */
  paths: GrantedPath[];
  /** Files and folders of the worker that a granted folder contains, to be covered. */
  hidden: { path: string; directory: boolean }[];
}

export const noGrants: PreparedGrants = { network: false, processes: false, paths: [], hidden: [] };

/** Where a granted folder would take the place of what the sandbox itself puts there. */
const reservedFolders = ["/proc", "/dev", "/sys"];

/**
 * Resolves grants, symbolic links included.
 *
 * @param protectedPaths Files and folders that no script may reach: the worker's token, the service's data.
 * @throws UserError `grant-unusable` when a granted path does not exist, leads into a protected path, or cannot be granted.
 */
export async function prepareGrants(
  grants: readonly Grant[],
  protectedPaths: readonly string[],
): Promise<PreparedGrants> {
  if (grants.length === 0) return noGrants;
  const prepared: PreparedGrants = { network: false, processes: false, paths: [], hidden: [] };
  for (const grant of grants) {
    if (grant.type === "network") prepared.network = true;
    else if (grant.type === "processes") prepared.processes = true;
    else prepared.paths.push(await grantedPath(grant));
  }
  prepared.paths.sort((a, b) => depth(a.destination) - depth(b.destination));
  for (const path of protectedPaths) await protect(path, prepared);
  return prepared;
}

/** Whether the granted paths still are the files and folders that `prepareGrants` found. */
export async function grantsUnchanged(prepared: PreparedGrants): Promise<boolean> {
  for (const path of prepared.paths) {
    try {
      if ((await realpath(path.destination)) !== path.source) return false;
      if (fileIdentity(await stat(path.source)) !== path.fileIdentity) return false;
    } catch {
      return false;
    }
  }
  return true;
}

async function grantedPath(grant: Extract<Grant, { path: string }>): Promise<GrantedPath> {
  const destination = normalize(grant.path).replace(/(.)\/+$/, "$1");
  if (!destination.startsWith("/") || destination.includes("\0")) {
    throw unusable(`The grant of the path ${grant.path} cannot be used: it is not an absolute path.`);
  }
  for (const reserved of reservedFolders) {
    if (isWithin(destination, reserved)) {
      throw unusable(
        `The grant of the path ${grant.path} cannot be used: ${reserved} of a job is its sandbox's own.`,
        reserved === "/proc" ? "Grant `processes` instead: it shows the machine's /proc." : undefined,
      );
    }
  }
  let source: string;
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    source = await realpath(destination);
    found = await stat(source);
  } catch (cause) {
    const reason =
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? "does not exist"
        : `cannot be read (${cause instanceof Error ? cause.message : String(cause)})`;
    throw unusable(
      `The granted path ${grant.path} ${reason} on this worker.`,
      "Create it, or change the runbook's grants.",
      cause,
    );
  }
  if (grant.type === "socket" && !found.isSocket()) {
    throw unusable(
      `The granted socket ${grant.path} is not a socket on this worker.`,
      "Name the socket itself, such as /run/dbus/system_bus_socket.",
    );
  }
  for (const reserved of reservedFolders) {
    if (isWithin(source, reserved))
      throw unusable(`The grant of the path ${grant.path} cannot be used: it leads to ${source}.`);
  }
  // Connecting to a socket needs the right to write to it, which a read-only mount does not take away.
  const writable = grant.type === "path" && grant.access === "write";
  return { source, destination, writable, directory: found.isDirectory(), fileIdentity: fileIdentity(found) };
}

/** A protected path inside a granted folder is covered; a grant of it, or of something inside it, is refused. */
async function protect(path: string, prepared: PreparedGrants): Promise<void> {
  let place: string;
  let directory: boolean;
  try {
    place = await realpath(path);
    directory = (await stat(place)).isDirectory();
  } catch {
    // Not on this machine, so nobody can reach it.
    return;
  }
  for (const granted of prepared.paths) {
    if (isWithin(granted.source, place)) {
      throw unusable(
        `The grant of the path ${granted.destination} is refused: it leads to ${place}, which belongs to Runsmith itself.`,
        "Keep Runsmith's data and the worker's token outside of the folders that runbooks get.",
      );
    }
    if (isWithin(place, granted.source)) {
      const suffix = granted.source === "/" ? place : place.slice(granted.source.length);
      prepared.hidden.push({ path: granted.destination === "/" ? suffix : granted.destination + suffix, directory });
    }
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

const depth = (path: string): number => (path === "/" ? 0 : path.split("/").length - 1);

const fileIdentity = (found: { dev: number | bigint; ino: number | bigint }): string => `${found.dev}:${found.ino}`;

function unusable(message: string, remedy?: string, cause?: unknown): UserError {
  return new UserError("grant-unusable", message, {
    remedy: remedy ?? "Change the runbook's grants.",
    ...(cause === undefined ? {} : { cause }),
  });
}
