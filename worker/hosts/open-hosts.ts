import { realpath } from "node:fs/promises";
import type { Logger } from "../../src/contract/logger.ts";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { type HostAccounts, ownAccount } from "../accounts/host-account.ts";
import { reserveAccounts } from "../accounts/reserved-accounts.ts";
import { firstClosedFolder, openRuntimeFiles, prepareRuntimeFolder } from "../accounts/runtime-folder.ts";
import type { HostRegister } from "../guard/host-register.ts";
import { programPaths } from "../program-paths.ts";
import { chooseSandbox } from "../sandbox/choose-sandbox.ts";
import type { ControlGroups } from "../sandbox/control-groups.ts";
import { openControlGroups } from "../sandbox/control-groups.ts";
import type { HostProgram } from "../sandbox/host-program.ts";
import type { ResourceLimits } from "../sandbox/resource-limits.ts";
import { inProcessSpawner } from "../spawning/in-process-spawner.ts";
import { SpawnerClient } from "../spawning/spawner-client.ts";
import type { ResolvedHostOptions } from "../worker-options.ts";
import type { HostLauncher } from "./host-launcher.ts";
import { HostStarter } from "./host-starter.ts";

/** All that starting hosts on this machine takes. */
export interface Hosts {
  starter: HostStarter;
  programs: ReadonlyMap<HostKind, HostProgram>;
  missing: { kind: HostKind; reason: string }[];
  close(): void;
}

export interface HostsUse {
  /** The most hosts that live at once. */
  concurrency: number;
  register: HostRegister;
  /**
   * This process is there for hosts alone: it divides its control group among them, and has a process that starts them.
   * Where only one is started, both would take longer than they save.
   */
  dedicated: boolean;
}

/**
 * Prepares this machine for hosts: runtime folder, accounts, sandbox, and the programs of the kinds that are asked for.
 *
 * @throws UserError when the sandbox, the accounts or the runtime folder cannot be had.
 */
export async function openHosts(
  options: ResolvedHostOptions,
  launchers: readonly HostLauncher[],
  use: HostsUse,
): Promise<Hosts> {
  const { limits, logger } = options;
  const isRoot = process.getuid?.() === 0;
  await prepareRuntimeFolder(options.runtimeDirectory);
  const runtimeDirectory = await realpath(options.runtimeDirectory);
  const { programs, missing } = await preparePrograms(launchers, runtimeDirectory);
  const accounts: HostAccounts = isRoot ? await reserveAccounts(options.hostUserIds, use.concurrency) : ownAccount;
  const leastDataLimit = Math.max(0, ...[...programs.values()].map((program) => program.leastDataLimit));
  // Of an account that runs other things too, processes can only be counted inside the sandbox.
  const spawner = use.dedicated
    ? await SpawnerClient.create(isRoot ? { limits, leastDataLimit } : null, logger)
    : inProcessSpawner;
  const close = (): void => {
    spawner.close();
    accounts.close();
  };
  try {
    const unchangeablePaths = [
      ...programPaths(),
      ...[...programs.values()].flatMap(({ command, readOnlyPaths }) => [command, ...readOnlyPaths]),
    ];
    const sandbox = await chooseSandbox({ ...options, runtimeDirectory, unchangeablePaths }, accounts, spawner);
    const controlGroups = use.dedicated ? await findControlGroups(limits, logger) : null;
    const { register } = use;
    const starter = new HostStarter({ sandbox, accounts, programs, limits, register, controlGroups });
    return { starter, programs, missing, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function findControlGroups(limits: ResourceLimits, logger: Logger): Promise<ControlGroups | null> {
  const groups = await openControlGroups(limits);
  if ("missing" in groups) {
    logger.debug("Hosts have no control groups", { reason: groups.missing });
    return null;
  }
  logger.info("Hosts have control groups", { folder: groups.folder });
  return groups;
}

async function preparePrograms(
  launchers: readonly HostLauncher[],
  runtimeDirectory: string,
): Promise<Pick<Hosts, "programs" | "missing">> {
  const programs = new Map<HostKind, HostProgram>();
  const missing: Hosts["missing"] = [];
  await Promise.all(
    launchers.map(async (launcher) => {
      const program = await prepare(launcher, runtimeDirectory);
      if ("missing" in program) missing.push({ kind: launcher.kind, reason: program.missing });
      else programs.set(launcher.kind, program);
    }),
  );
  return { programs, missing };
}

/** A kind that cannot be prepared is not offered; the others are. */
async function prepare(launcher: HostLauncher, runtimeDirectory: string): Promise<HostProgram | { missing: string }> {
  try {
    const program = await launcher.prepare(runtimeDirectory);
    if ("missing" in program) return program;
    await openRuntimeFiles(runtimeDirectory, program.readOnlyPaths);
    const closed = process.getuid?.() === 0 ? await firstClosedFolder(program.readOnlyPaths) : null;
    if (closed === null) return program;
    return { missing: `jobs run as other accounts, which ${closed} does not let through to ${program.command}` };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}
