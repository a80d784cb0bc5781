import { createHash } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Grant } from "../../src/contract/grant.ts";
import { dropPrivilegesCommand } from "../accounts/drop-privileges.ts";
import { hostFileMask } from "../accounts/host-account.ts";
import type { Spawner } from "../spawning/spawner.ts";
import { bubblewrapArguments } from "./bubblewrap-arguments.ts";
import { findBubblewrap } from "./find-bubblewrap.ts";
import { hostEnvironment } from "./host-environment.ts";
import { checkMounts } from "./mount-check.ts";
import { type PreparedGrants, prepareGrants } from "./prepared-grants.ts";
import { prlimitCommand } from "./resource-limits.ts";
import type { Sandbox, SandboxedProcess, SandboxRequest } from "./sandbox.ts";
import { filterArchitecture, seccompFilter } from "./seccomp-filter.ts";
import { spawnHost } from "./spawn-host.ts";
import { prepareEtcWith, prepareSystemView } from "./system-view.ts";

export interface BubblewrapOptions {
  /** A folder that the worker owns and every account may read. */
  runtimeDirectory: string;
  /** Files and folders that no script may reach, whatever is granted. */
  protectedPaths: readonly string[];
  /** Files and folders that no script may change, whatever is granted. */
  unchangeablePaths: readonly string[];
}

/** The descriptor, in bwrap only, from which it reads the seccomp filter. */
const filterDescriptor = 5;

/**
 * Namespaces, mounts and a seccomp filter by bubblewrap: the host sees `/usr`, a made-up `/etc`, a private `/tmp`, its own
 * program and what is granted; no other process, no network, no way to make namespaces of its own.
 *
 * @throws UserError when bwrap is not there.
 */
export async function createBubblewrapSandbox(options: BubblewrapOptions, spawner: Spawner): Promise<Sandbox> {
  const bubblewrap = await findBubblewrap();
  await mkdir(options.runtimeDirectory, { recursive: true });
  const view = await prepareSystemView(options.runtimeDirectory);
  const filterFile = writeFilter(options.runtimeDirectory);
  const own = {
    hidden: [...options.protectedPaths, options.runtimeDirectory],
    unchangeable: options.unchangeablePaths,
  };
  const etcOf = new WeakMap<PreparedGrants, string>();

  return {
    name: "bubblewrap",

    async prepare(grants: readonly Grant[]): Promise<PreparedGrants> {
      const prepared = await prepareGrants(grants, own);
      const places = prepared.paths.map(({ destination, directory }) => ({ path: destination, directory }));
      const inEtc = places.filter(({ path }) => path.startsWith("/etc/"));
      if (inEtc.length > 0) etcOf.set(prepared, await prepareEtcWith(options.runtimeDirectory, inEtc));
      return prepared;
    },

    async start({ program, direct, grants, account, limits }: SandboxRequest): Promise<SandboxedProcess> {
      const command = [
        ...(account !== null && bubblewrap.setUserId ? dropPrivilegesCommand(account) : []),
        bubblewrap.path,
        ...bubblewrapArguments(
          view,
          etcOf.get(grants) ?? view.etc,
          bubblewrap.features,
          program,
          grants,
          limits,
          hostEnvironment(program, direct),
          filterFile === null ? null : filterDescriptor,
        ),
        ...(spawner.setsLimits ? [] : prlimitCommand(limits, program.leastDataLimit)),
        program.command,
        ...program.arguments,
      ];
      const started = await spawnHost(spawner, {
        command,
        environment: {},
        workingDirectory: "/",
        descriptorFile: filterFile,
        // A process namespace ends all that is in it; without one its processes are known by their user namespace.
        holdsTree: !grants.processes,
        // bwrap gives up every way back to root itself (no_new_privs), unless it was installed to become root.
        become: bubblewrap.setUserId ? null : account,
        fileMask: account === null ? null : hostFileMask,
        ownUserId: account?.userId ?? null,
        ownEnvironment: null,
      });
      return {
        ...started,
        settle() {
          started.settle();
          checkMounts(started.identity(), grants);
        },
      };
    },
  };
}

function writeFilter(runtimeDirectory: string): string | null {
  const architecture = filterArchitecture();
  if (architecture === null) return null;
  const filter = seccompFilter(architecture);
  const file = join(runtimeDirectory, `seccomp-${createHash("sha256").update(filter).digest("hex").slice(0, 16)}.bpf`);
  // Renamed into place: another worker of this machine may be reading it.
  const making = `${file}.${process.pid}`;
  writeFileSync(making, filter);
  renameSync(making, file);
  return file;
}
