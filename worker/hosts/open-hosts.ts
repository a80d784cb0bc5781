import { realpath } from "node:fs/promises";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { type HostAccounts, ownAccount } from "../accounts/host-account.ts";
import { reserveAccounts } from "../accounts/reserved-accounts.ts";
import { firstClosedFolder, openRuntimeFiles, prepareRuntimeFolder } from "../accounts/runtime-folder.ts";
import { chooseSandbox } from "../sandbox/choose-sandbox.ts";
import { openControlGroups } from "../sandbox/control-groups.ts";
import type { ResolvedHostOptions } from "../worker-options.ts";
import type { HostLauncher, HostProgram } from "./host-launcher.ts";
import { type HostRegister, HostStarter } from "./host-starter.ts";

/** All that starting hosts on this machine takes. */
export interface Hosts {
  starter: HostStarter;
  programs: ReadonlyMap<HostKind, HostProgram>;
  missing: { kind: HostKind; reason: string }[];
  close(): void;
}

/**
 * Prepares this machine for hosts: runtime folder, accounts, sandbox, and the programs of the kinds that are asked for.
 *
 * @param concurrency The most hosts that live at once.
 * @param divideControlGroup This process is what its unit is for, so it may divide the unit's control group among hosts.
 * @throws UserError when the sandbox, the accounts or the runtime folder cannot be had.
 */
export async function openHosts(
  options: ResolvedHostOptions,
  launchers: readonly HostLauncher[],
  concurrency: number,
  register: HostRegister,
  divideControlGroup = false,
): Promise<Hosts> {
  await prepareRuntimeFolder(options.runtimeDirectory);
  const runtimeDirectory = await realpath(options.runtimeDirectory);
  const groups = divideControlGroup
    ? await openControlGroups(options.limits)
    : { missing: "this process does not own the control group that it runs in" };
  if ("missing" in groups) options.logger.debug("Hosts have no control groups", { reason: groups.missing });
  else options.logger.info("Hosts have control groups", { folder: groups.folder });
  const accounts: HostAccounts =
    process.getuid?.() === 0 ? await reserveAccounts(options.hostUserIds, concurrency) : ownAccount;
  try {
    const [sandbox, prepared] = await Promise.all([
      chooseSandbox({ ...options, runtimeDirectory }, accounts),
      Promise.all(
        launchers.map(async (launcher) => [launcher.kind, await prepare(launcher, runtimeDirectory)] as const),
      ),
    ]);
    const programs = new Map<HostKind, HostProgram>();
    const missing: Hosts["missing"] = [];
    for (const [kind, program] of prepared) {
      if ("missing" in program) missing.push({ kind, reason: program.missing });
      else programs.set(kind, program);
    }
    const starter = new HostStarter({
      sandbox,
      accounts,
      programs,
      limits: options.limits,
      register,
      controlGroups: "missing" in groups ? null : groups,
    });
    return { starter, programs, missing, close: () => accounts.close() };
  } catch (error) {
    accounts.close();
    throw error;
  }
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
