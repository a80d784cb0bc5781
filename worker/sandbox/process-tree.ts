import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/*
 * What /proc says of processes. All of it is read synchronously: these files never wait for a disk,
 * and a list of processes is only worth something at one moment.
 */

/** Start of a process in clock ticks since boot, which with its id names it for ever; null when it is gone. */
export function processStartTime(processId: number): string | null {
  return statusFields(processId)?.[19] ?? null;
}

/** Whether a process is there and not over; one that ended and that nobody has waited for yet is over. */
export function isAlive(processId: number): boolean {
  return isLive(statusFields(processId));
}

/** Whether the process that began then under this id is there and not over. */
export function isStillAlive(processId: number, startTime: string): boolean {
  const fields = statusFields(processId);
  return fields?.[19] === startTime && isLive(fields);
}

/** Whether a process leads its session. */
export function leadsSession(processId: number): boolean {
  return statusFields(processId)?.[3] === String(processId);
}

function isLive(fields: string[] | null): boolean {
  const state = fields?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The fields of /proc/PID/stat after the name, which may hold spaces and brackets (proc(5)). */
function statusFields(processId: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** Children of every thread of a process. */
export function childProcesses(processId: number): number[] {
  const children: number[] = [];
  try {
    for (const thread of readdirSync(`/proc/${processId}/task`)) {
      for (const child of readFileSync(`/proc/${processId}/task/${thread}/children`, "latin1").split(" ")) {
        if (child !== "") children.push(Number(child));
      }
    }
  } catch {
    // Gone meanwhile.
  }
  return children;
}

/** A process and all that descend from it. */
export function processTree(processId: number): number[] {
  const tree = [processId];
  for (let index = 0; index < tree.length; index++) {
    const parent = tree[index];
    if (parent !== undefined) tree.push(...childProcesses(parent));
  }
  return tree;
}

/** Shared memory of one process up to this many bytes is taken as its own; of more, its share is asked for. */
const littleSharedMemory = 16 * 1024 ** 2;

/**
 * Resident bytes of processes that belong to no file: their own, and their share of what they have in common. The pages of
 * programs and libraries do not count, so that one binary is not counted many times.
 */
export function anonymousMemory(processIds: readonly number[]): number {
  let bytes = 0;
  for (const processId of processIds) {
    const status = read(`/proc/${processId}/status`);
    const shared = kibibytes(status, "RssShmem");
    bytes += kibibytes(status, "RssAnon") + (shared > littleSharedMemory ? shareOf(processId, shared) : shared);
  }
  return bytes;
}

/** @param whole What to say where the share cannot be read: it is for the process's own account, or for root. */
function shareOf(processId: number, whole: number): number {
  const rollup = read(`/proc/${processId}/smaps_rollup`);
  return rollup.includes("Pss_Shmem:") ? kibibytes(rollup, "Pss_Shmem") : whole;
}

function kibibytes(text: string, name: string): number {
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
}

/** Empty when it is gone meanwhile, or not for us to read. */
function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/** The user namespace of a process, such as `user:[4026531837]`; null when it is gone or not ours to look at. */
export function userNamespaceOf(processId: number): string | null {
  try {
    return readlinkSync(`/proc/${processId}/ns/user`);
  } catch {
    return null;
  }
}

/** Every process of the machine for which `belongs` holds. */
export function processesWhere(belongs: (processId: number) => boolean): number[] {
  const found: number[] = [];
  for (const entry of readdirSync("/proc")) {
    const processId = Number(entry);
    if (Number.isInteger(processId) && belongs(processId)) found.push(processId);
  }
  return found;
}

/** Sends SIGKILL; a process that is gone already is fine. */
export function killProcess(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch {
    // Gone, or not ours.
  }
}
