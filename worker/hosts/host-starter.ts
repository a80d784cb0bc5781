import { writeFileSync } from "node:fs";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { accountMay } from "../accounts/account-may.ts";
import type { HostAccounts } from "../accounts/host-account.ts";
import type { HostRegister } from "../guard/host-register.ts";
import type { ControlGroup, ControlGroups } from "../sandbox/control-groups.ts";
import type { HostProgram } from "../sandbox/host-program.ts";
import type { PreparedGrants } from "../sandbox/prepared-grants.ts";
import type { ResourceLimits } from "../sandbox/resource-limits.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { lowerPriority, raisePriority, type StartMode } from "./host-priority.ts";
import { type Confinement, HostProcess } from "./host-process.ts";
import type { Profile } from "./profile.ts";

export interface HostStarterOptions {
  sandbox: Sandbox;
  accounts: HostAccounts;
  programs: ReadonlyMap<HostKind, HostProgram>;
  limits: ResourceLimits;
  register: HostRegister;
  /** Null where none are delegated. */
  controlGroups: ControlGroups | null;
}

/** Where memory runs out for the whole machine, a script goes before its worker does. */
const outOfMemoryScore = "500";

let groupsMade = 0;

/** Starts hosts: gives each its account and its sandbox, and cleans up after it. */
export class HostStarter {
  readonly sandbox: Sandbox;
  readonly limits: ResourceLimits;
  readonly #options: HostStarterOptions;

  constructor(options: HostStarterOptions) {
    this.#options = options;
    this.sandbox = options.sandbox;
    this.limits = options.limits;
  }

  offers(kind: HostKind): boolean {
    return this.#options.programs.has(kind);
  }

  #confinement(): Confinement | null {
    const groups = this.#options.controlGroups;
    if (groups === null) return null;
    let group: ControlGroup | null = null;
    return {
      async enter(processIds) {
        // A group that cannot be made leaves the host to its rlimits and the worker's watch, as elsewhere.
        group = await groups.create(`${process.pid}-${++groupsMade}`).catch(() => null);
        await group?.add(processIds);
      },
      async leave() {
        if (group === null) return false;
        const ranOutOfMemory = await group.ranOutOfMemory();
        void group.remove();
        return ranOutOfMemory;
      },
    };
  }

  /** A job waits for a host that starts for the pool: it gives way to nobody any more. */
  hurry(host: HostProcess): void {
    raisePriority(host.process.processId, "idle");
  }

  /** What a host's account will not be able to do with what is granted. */
  async warningsOf(grants: PreparedGrants): Promise<string[]> {
    const writable = grants.paths.filter((path) => path.writable);
    const account = this.#options.accounts.acquire();
    try {
      const warnings: string[] = [];
      // No filter of system calls can tell whose process is signalled.
      if (grants.processes && account === null && this.sandbox.name !== "none")
        warnings.push(
          "The job sees the machine's processes, and may also end those of the account that its worker runs as, the worker itself too. A worker that is started as root keeps them apart.",
        );
      for (const { source, destination } of writable) {
        // Advice only: where it cannot be found out, the script will.
        if (account === null || (await accountMay("write", source, account).catch(() => true))) continue;
        warnings.push(
          `The job may write to ${destination}, but its account, the group ${account.groupId}, has no right to: give it one, as by chgrp ${account.groupId} ${destination} and chmod g+rwx ${destination}.`,
        );
      }
      return warnings;
    } finally {
      account?.release();
    }
  }

  /** @throws UserError when there is no account for it, Error when the sandbox cannot be started at all. */
  async start(profile: Profile, mode: StartMode): Promise<HostProcess> {
    const program = this.#options.programs.get(profile.kind);
    if (program === undefined) throw new Error(`no program for hosts of kind ${profile.kind}`);
    const account = this.#options.accounts.acquire();
    let host: HostProcess;
    try {
      const sandboxed = await this.sandbox.start({
        program,
        direct: mode === "direct",
        grants: profile.grants,
        account,
        limits: this.limits,
      });
      host = new HostProcess(sandboxed, account, profile, this.#confinement());
    } catch (error) {
      account?.release();
      throw error;
    }
    preferWhenOutOfMemory(host);
    lowerPriority(host.process.processId, mode);
    const registration = this.#options.register.add(host.identity());
    host.ready.then(
      () => {
        registration.update(host.identity());
        raisePriority(host.process.processId, mode);
      },
      () => {},
    );
    void host.gone.then(() => {
      registration.forget();
      account?.release();
    });
    return host;
  }
}

function preferWhenOutOfMemory(host: HostProcess): void {
  try {
    writeFileSync(`/proc/${host.process.processId}/oom_score_adj`, outOfMemoryScore);
  } catch {
    // Gone already, or not allowed: then the kernel's own judgement holds.
  }
}
