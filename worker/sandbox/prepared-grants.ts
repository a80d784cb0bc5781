import { realpath, stat } from "node:fs/promises";
import { dirname, normalize } from "node:path";
import type { Grant } from "../../src/contract/grant.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { firstClosedFolder } from "../accounts/runtime-folder.ts";

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

/** Files and folders of Runsmith itself; one that is not there is nobody's to reach. */
export interface OwnPaths {
  /** No script may reach them: the worker's token, the service's data. */
  hidden: readonly string[];
  /** Scripts may read them where a grant shows them, and never change them: programs that run outside of sandboxes. */
  unchangeable: readonly string[];
}

/**
 * Resolves grants, symbolic links included.
 *
 * @throws UserError `grant-unusable` when a granted path does not exist, leads to what belongs to Runsmith itself, would let it be
 *   moved or changed, or cannot be granted.
 */
export async function prepareGrants(grants: readonly Grant[], own: OwnPaths): Promise<PreparedGrants> {
  if (grants.length === 0) return noGrants;
  const prepared: PreparedGrants = { network: false, processes: false, paths: [], hidden: [] };
  for (const grant of grants) {
    if (grant.type === "network") prepared.network = true;
    else if (grant.type === "processes") prepared.processes = true;
    else prepared.paths.push(await grantedPath(grant));
  }
  prepared.paths.sort((a, b) => depth(a.destination) - depth(b.destination));
  for (const path of own.hidden) await hide(path, prepared);
  for (const path of own.unchangeable) await keepUnchanged(path, prepared);
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

/** Inside a folder that is granted for reading it is covered; a grant of it, or of something inside it, is refused. */
async function hide(path: string, prepared: PreparedGrants): Promise<void> {
  const place = await placeOf(path);
  if (place === null) return;
  for (const granted of prepared.paths) {
    if (isWithin(granted.source, place.path)) {
      throw unusable(
        `The grant of the path ${granted.destination} is refused: it leads to ${place.path}, which belongs to Runsmith itself.`,
        "Keep Runsmith's data and the worker's token outside of the folders that runbooks get.",
      );
    }
    if (!isWithin(place.path, granted.source)) continue;
    if (granted.writable) throw movable(granted, place.path);
    // bwrap runs as the host's account and cannot cover what that account cannot reach; the script cannot reach it either.
    if (hostsAreOthers && (await firstClosedFolder([dirname(place.path)])) !== null) continue;
    const suffix = granted.source === "/" ? place.path : place.path.slice(granted.source.length);
    prepared.hidden.push({
      path: granted.destination === "/" ? suffix : granted.destination + suffix,
      directory: place.directory,
    });
  }
}

/** A worker that is root gives its hosts accounts of their own. */
const hostsAreOthers = process.getuid?.() === 0;

async function keepUnchanged(path: string, prepared: PreparedGrants): Promise<void> {
  const place = await placeOf(path);
  if (place === null) return;
  for (const granted of prepared.paths) {
    if (!granted.writable) continue;
    if (isWithin(place.path, granted.source)) throw movable(granted, place.path);
    if (isWithin(granted.source, place.path)) {
      throw unusable(
        `The grant of the path ${granted.destination} for writing is refused: it is a part of ${place.path}, which belongs to Runsmith itself.`,
        "Grant it for reading, or another folder.",
      );
    }
  }
}

/** What covers a place stays where it is, but the folders around it can be moved, and the next job would find it uncovered. */
function movable({ destination }: GrantedPath, place: string): UserError {
  return unusable(
    `The grant of the path ${destination} for writing is refused: it holds ${place}, which belongs to Runsmith itself, and who may write around it may move it.`,
    "Grant the folders that the script writes to, one by one, or this one for reading.",
  );
}

async function placeOf(path: string): Promise<{ path: string; directory: boolean } | null> {
  try {
    const place = await realpath(path);
    return { path: place, directory: (await stat(place)).isDirectory() };
  } catch {
    // Not on this machine, so nobody can reach it.
    return null;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

const depth = (path: string): number => (path === "/" ? 0 : path.split("/").length - 1);

/** Device and inode: what a file or folder is, wherever it is seen. */
export function fileIdentity(found: { dev: number | bigint; ino: number | bigint }): string {
  return `${found.dev}:${found.ino}`;
}

function unusable(message: string, remedy?: string, cause?: unknown): UserError {
  return new UserError("grant-unusable", message, {
    remedy: remedy ?? "Change the runbook's grants.",
    ...(cause === undefined ? {} : { cause }),
  });
}
