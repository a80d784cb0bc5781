/*
 * Whether anything of a script is still going on when it is over: timers, requests, sockets, files, child processes, threads.
 * Read from /proc, which in a sandbox shows the host's own processes only.
 */

const { readdirSync, readFileSync, readlinkSync } = process.getBuiltinModule("node:fs");
const activeResources = process.getActiveResourcesInfo.bind(process);

/** Threads that Node starts when something is first read or looked up in the background. */
const threadPool = 4;

/** A host that holds more than this ends: its next job would have it from the start, in bytes. */
const mostMemory = 256 * 1024 ** 2;
const pageSize = 4096;

/** What Node opens when it first has streams to watch, and keeps. */
const harmless: ReadonlySet<string> = new Set(["/dev/null", "anon_inode:[eventpoll]", "anon_inode:[eventfd]"]);

export interface IdleProcess {
  /** Whether something keeps the process from being idle now. */
  isActive(): boolean;
  /** What is left of a script, or null. */
  leftBehind(): string | null;
}

/** Notes what this process is like when nothing is going on. */
export function noteIdleProcess(): IdleProcess {
  // Makes the pipe by which Node hears of signals and of children that end; it stays for good.
  const ignore = (): void => {};
  process.on("SIGUSR2", ignore);
  process.off("SIGUSR2", ignore);
  const descriptors = openDescriptors().length;
  const names = new Set(namesOf(openDescriptors()));
  const { threads } = processStatus();
  const otherProcesses = processesOfSandbox();
  const systemObjects = sharedSystemObjects();
  return {
    isActive: () => activeResources().length > 0,
    leftBehind() {
      const active = activeResources();
      if (active.length > 0) return `still active: ${active.slice(0, 3).join(", ")}`;
      const open = openDescriptors();
      if (open.length > descriptors) {
        const left = namesOf(open).filter((name) => !names.has(name) && !harmless.has(name));
        if (left.length > 0) return `still open: ${left.join(", ")}`;
      }
      const status = processStatus();
      if (status.threads > threads + threadPool) return "a thread is left";
      if (status.memory > mostMemory) return "the process has grown";
      if (childrenOf("self") !== "" || processesOfSandbox() !== otherProcesses) return "a process is left";
      if (sharedSystemObjects() !== systemObjects) return "shared memory of the system is left";
      return null;
    },
  };
}

function openDescriptors(): string[] {
  return readdirSync("/proc/self/fd");
}

function namesOf(descriptors: readonly string[]): string[] {
  return descriptors.flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      // The one by which the folder was read.
      return [];
    }
  });
}

/** Of proc(5), /proc/PID/stat: threads (20th field) and resident pages (24th). */
function processStatus(): { threads: number; memory: number } {
  const text = readFileSync("/proc/self/stat", "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { threads: Number(fields[17]), memory: Number(fields[21]) * pageSize };
}

/** Children of the first process of the sandbox, to which whatever lost its parent falls. */
function processesOfSandbox(): string {
  return childrenOf("1");
}

function childrenOf(processId: string): string {
  const thread = processId === "self" ? process.pid : processId;
  return readFileSync(`/proc/${processId}/task/${thread}/children`, "latin1").trim();
}

/** Shared memory, semaphores and queues that outlive who made them (sysvipc(7)). */
function sharedSystemObjects(): string {
  return ["shm", "sem", "msg"].map((kind) => linesOf(`/proc/sysvipc/${kind}`)).join();
}

function linesOf(file: string): number {
  try {
    return readFileSync(file, "latin1").split("\n").length;
  } catch {
    return 0;
  }
}
