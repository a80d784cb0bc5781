import { access, constants, mkdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ResourceLimits } from "./resource-limits.ts";

/** A control group (cgroup v2) of one host: its processes together, held to the host's limits. */
export interface ControlGroup {
  /** Moves processes in, with what they start from then on. */
  add(processIds: readonly number[]): Promise<void>;
  /** Whether the kernel ended something in it because its memory was used up. */
  ranOutOfMemory(): Promise<boolean>;
  /** Removes it; its processes must be gone. */
  remove(): Promise<void>;
}

/** The part of the control groups that this worker may divide among its hosts. */
export interface ControlGroups {
  /** Where it is, for the operator. */
  readonly folder: string;
  create(name: string): Promise<ControlGroup>;
}

const mountPoints = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
const neededControllers = ["memory", "pids"];

/**
 * The worker's own control group, where it has been delegated: in a systemd unit with `Delegate=yes`. The worker itself moves
 * into a group beside its hosts', as a group with processes cannot limit groups below it.
 *
 * @returns the reason, for a person, why hosts are held by their rlimits and the worker's watch alone.
 */
export async function openControlGroups(
  limits: ResourceLimits,
  place: { mountPoints: readonly string[]; membership: string } = { mountPoints, membership: "/proc/self/cgroup" },
): Promise<ControlGroups | { missing: string }> {
  const path = /^0::(\/.*)$/m.exec(await readFile(place.membership, "utf8").catch(() => ""))?.[1];
  if (path === undefined) return { missing: "this machine has no control groups of version 2" };
  for (const mountPoint of place.mountPoints) {
    const folder = join(mountPoint, path);
    const controllers = await readFile(join(folder, "cgroup.controllers"), "utf8").catch(() => null);
    if (controllers === null) continue;
    const lacking = neededControllers.filter((name) => !controllers.split(/\s+/).includes(name));
    if (lacking.length > 0)
      return { missing: `the controllers ${lacking.join(" and ")} are not delegated to ${folder}` };
    if (!(await isDelegated(folder, path)))
      return { missing: `${folder} is not delegated to the worker (Delegate=yes in its unit)` };
    try {
      await divide(folder);
    } catch (error) {
      return { missing: `${folder} cannot be divided: ${error instanceof Error ? error.message : String(error)}` };
    }
    return { folder, create: (name) => createGroup(join(folder, `host-${name}`), limits) };
  }
  return { missing: "this machine has no control groups of version 2" };
}

/** systemd gives a delegated group to the unit's user; root may write everywhere, and must not outside of a unit of its own. */
async function isDelegated(folder: string, path: string): Promise<boolean> {
  const writable = await access(join(folder, "cgroup.procs"), constants.W_OK).then(
    () => true,
    () => false,
  );
  // Elsewhere, as in a terminal's scope, the group holds other processes, which are not the worker's to move.
  if (!writable || !path.endsWith(".service")) return false;
  if (process.getuid?.() !== 0) return (await stat(folder)).uid === process.getuid?.();
  return process.env["INVOCATION_ID"] !== undefined;
}

async function divide(folder: string): Promise<void> {
  const own = join(folder, "worker");
  await mkdir(own, { recursive: true });
  const members = (await readFile(join(folder, "cgroup.procs"), "utf8")).split("\n").filter((line) => line !== "");
  for (const processId of members) await writeFile(join(own, "cgroup.procs"), processId);
  await writeFile(join(folder, "cgroup.subtree_control"), neededControllers.map((name) => `+${name}`).join(" "));
}

async function createGroup(folder: string, limits: ResourceLimits): Promise<ControlGroup> {
  await mkdir(folder);
  // /tmp and /dev/shm are memory too.
  await writeFile(join(folder, "memory.max"), String(limits.memory + 2 * limits.temporarySpace));
  await writeFile(join(folder, "memory.swap.max"), "0").catch(() => {});
  await writeFile(join(folder, "memory.oom.group"), "1").catch(() => {});
  await writeFile(join(folder, "pids.max"), String(limits.processes));
  return {
    async add(processIds) {
      for (const processId of processIds)
        await writeFile(join(folder, "cgroup.procs"), String(processId)).catch(() => {});
    },
    async ranOutOfMemory() {
      const events = await readFile(join(folder, "memory.events"), "utf8").catch(() => "");
      return /^oom_kill [1-9]/m.test(events);
    },
    async remove() {
      // The kernel lets go of a group a moment after its last process.
      for (let attempt = 0; attempt < 20; attempt++) {
        const removed = await rmdir(folder).then(
          () => true,
          () => false,
        );
        if (removed) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}
