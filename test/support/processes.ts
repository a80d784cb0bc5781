import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/*
 * What can be seen of processes from outside, in /proc: tests of the sandbox believe nothing else.
 */

/** What tells one host's processes from all others, whatever they do. */
export interface HostIdentity {
  userId: number;
  pidNamespace: string;
  userNamespace: string;
}

/** Every process that lives: a zombie does not. */
export function liveProcesses(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((processId) => Number.isInteger(processId) && isAlive(processId));
}

export function isAlive(processId: number): boolean {
  const status = read(`/proc/${processId}/stat`);
  const state = status.slice(status.lastIndexOf(")") + 2)[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The command line, as the process shows it now. */
export function commandLine(processId: number): string {
  return read(`/proc/${processId}/cmdline`).replaceAll("\0", " ").trim();
}

/** Processes whose command line contains a text. */
export function processesShowing(text: string): number[] {
  return liveProcesses().filter((processId) => processId !== process.pid && commandLine(processId).includes(text));
}

/** Who a process is. Throws when it is gone. */
export function identityOf(processId: number): HostIdentity {
  return {
    userId: statSync(`/proc/${processId}`).uid,
    pidNamespace: readlinkSync(`/proc/${processId}/ns/pid`),
    userNamespace: readlinkSync(`/proc/${processId}/ns/user`),
  };
}

/** The live processes of a host: of its account, and in its namespaces. */
export function processesOf(host: HostIdentity): number[] {
  return liveProcesses().filter((processId) => {
    try {
      const { userId, userNamespace, pidNamespace } = identityOf(processId);
      return userId === host.userId && (userNamespace === host.userNamespace || pidNamespace === host.pidNamespace);
    } catch {
      return false;
    }
  });
}

/** A process's children, and theirs. */
export function descendantsOf(processId: number): number[] {
  const children = new Map<number, number[]>();
  for (const child of liveProcesses()) {
    const status = read(`/proc/${child}/stat`);
    const parent = Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found: number[] = [];
  const look = (parent: number): void => {
    for (const child of children.get(parent) ?? []) {
      found.push(child);
      look(child);
    }
  };
  look(processId);
  return found;
}

/** Sends a signal to a process that may be gone already. */
export function signalProcess(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(processId, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Looks until something is found. Throws after a generous time: what it waits for has no time of its own. */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  patience = 60_000,
): Promise<T> {
  const until = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`waited in vain for ${what}`);
    await sleep(30);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
