import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Grant } from "../../src/contract/grant.ts";
import { dropPrivilegesCommand } from "../accounts/drop-privileges.ts";
import { hostFileMask } from "../accounts/host-account.ts";
import type { Spawner } from "../spawning/spawner.ts";
import { hostEnvironment } from "./host-environment.ts";
import { type PreparedGrants, prepareGrants } from "./prepared-grants.ts";
import { prlimitCommand } from "./resource-limits.ts";
import type { Sandbox, SandboxedProcess, SandboxRequest } from "./sandbox.ts";
import { spawnHost } from "./spawn-host.ts";

/**
 * No isolation, for machines that cannot have it and operators who said so: the host sees what its account may see.
 * It still has a working folder of its own, a clean environment, its limits, and as root an account of its own.
 * A process that moves away from its tree is found by that account, else by its environment, unless it hides on purpose.
 */
export function createUnisolatedSandbox(spawner: Spawner): Sandbox {
  return {
    name: "none",

    prepare(grants: readonly Grant[]): Promise<PreparedGrants> {
      // Nothing is mounted, but a path that is not there is told now rather than by the script.
      return prepareGrants(grants, { hidden: [], unchangeable: [] });
    },

    async start({ program, direct, account, limits }: SandboxRequest): Promise<SandboxedProcess> {
      const folder = mkdtempSync(join(tmpdir(), "runsmith-host-"));
      if (account !== null) chownSync(folder, account.userId, account.groupId);
      const started = await spawnHost(spawner, {
        command: [
          // There is no bwrap to take the way back to root away.
          ...(account === null ? [] : dropPrivilegesCommand(account)),
          ...(spawner.setsLimits
            ? []
            : prlimitCommand({ ...limits, processes: limits.processes * 16 }, program.leastDataLimit)),
          program.command,
          ...program.arguments,
        ],
        environment: { ...hostEnvironment(program, direct), HOME: folder, TMPDIR: folder },
        workingDirectory: folder,
        descriptorFile: null,
        holdsTree: false,
        become: null,
        fileMask: account === null ? null : hostFileMask,
        ownUserId: account?.userId ?? null,
        ownEnvironment: account === null ? `HOME=${folder}` : null,
      });
      void started.exited.then(() => rmSync(folder, { recursive: true, force: true }));
      return started;
    },
  };
}
