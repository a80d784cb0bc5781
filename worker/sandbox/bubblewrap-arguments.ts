import type { HostProgram } from "./host-program.ts";
import type { GrantedPath, PreparedGrants } from "./prepared-grants.ts";
import type { ResourceLimits } from "./resource-limits.ts";
import type { SystemView } from "./system-view.ts";

/** What the bwrap of this machine can do. */
export interface BubblewrapFeatures {
  /** `--disable-userns`, since 0.8; below it the seccomp filter alone forbids nested namespaces. */
  disableUserNamespaces: boolean;
}

/** Where hosts look for programs. */
export const hostSearchPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/**
 * The options of bwrap for one host, up to but without the command. Order matters: each mount covers what lies below it.
 *
 * @param etc The folder mounted as `/etc`.
 * @param seccompDescriptor Descriptor from which bwrap reads the filter, or null for none.
 */
export function bubblewrapArguments(
  view: SystemView,
  etc: string,
  features: BubblewrapFeatures,
  program: HostProgram,
  grants: PreparedGrants,
  limits: ResourceLimits,
  environment: Readonly<Record<string, string>>,
  seccompDescriptor: number | null,
): string[] {
  const wholeMachine = grants.paths.find((path) => path.destination === "/");
  const temporary = grants.paths.find((path) => path.destination === "/tmp");
  const others = grants.paths.filter((path) => path !== wholeMachine && path !== temporary);
  // The host's own files stay private when a grant shows the machine's /tmp.
  const privateFolder = temporary === undefined ? "/tmp" : "/dev/shm";
  const space = String(limits.temporarySpace);
  return [
    ...namespaces(grants, features),
    ...["--uid", "65534", "--gid", "65534", "--hostname", "job"],
    // No --new-session: every host is started as the leader of a session without a terminal already.
    ...["--die-with-parent", "--cap-drop", "ALL", "--clearenv"],
    ...Object.entries({ ...environment, HOME: privateFolder, TMPDIR: privateFolder }).flatMap(([name, value]) => [
      "--setenv",
      name,
      value,
    ]),
    ...(wholeMachine === undefined ? system(view, etc, grants.network) : bind(wholeMachine)),
    ...(grants.processes ? ["--ro-bind", "/proc", "/proc"] : ["--proc", "/proc"]),
    ...["--dev", "/dev", "--size", space, "--tmpfs", "/dev/shm"],
    ...(temporary === undefined ? ["--size", space, "--tmpfs", "/tmp"] : bind(temporary)),
    ...others.flatMap(bind),
    ...grants.hidden.flatMap(({ path, directory }) =>
      directory ? ["--tmpfs", path] : ["--ro-bind", "/dev/null", path],
    ),
    // After the grants: a granted folder that contains the runtime must not make it writable.
    ...program.readOnlyPaths.flatMap((path) => ["--ro-bind", path, path]),
    ...grants.hidden.flatMap(({ path, directory }) => (directory ? ["--remount-ro", path] : [])),
    // Both are memory of the machine, without a limit of size, and belong to the account inside.
    ...["--remount-ro", "/dev"],
    ...(wholeMachine === undefined ? ["--remount-ro", "/"] : []),
    ...["--chdir", privateFolder],
    ...(seccompDescriptor === null ? [] : ["--seccomp", String(seccompDescriptor)]),
    "--",
  ];
}

function system(view: SystemView, etc: string, network: boolean): string[] {
  return [
    ...["--ro-bind", "/usr", "/usr"],
    ...view.rootFolders.flatMap((folder) => ["--ro-bind", folder, folder]),
    ...view.rootLinks.flatMap((link) => ["--symlink", link.target, link.path]),
    ...["--ro-bind", etc, "/etc"],
    // How names of hosts are found is the machine's own business once the network is.
    ...(network ? ["/etc/resolv.conf", "/etc/hosts"].flatMap((file) => ["--ro-bind-try", file, file]) : []),
  ];
}

function namespaces(grants: PreparedGrants, features: BubblewrapFeatures): string[] {
  return [
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    ...(grants.processes ? [] : ["--unshare-pid"]),
    ...(grants.network ? [] : ["--unshare-net"]),
    ...(features.disableUserNamespaces ? ["--disable-userns"] : []),
  ];
}

function bind(path: GrantedPath): string[] {
  return [path.writable ? "--bind" : "--ro-bind", path.source, path.destination];
}
