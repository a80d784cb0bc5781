/*
 * Whether anything of a script is still going on when it is over: timers, requests, sockets, files, child processes.
 * Read from /proc, which in a sandbox shows the host's own processes only.
 */

const { openSync, readdirSync, readlinkSync, readSync } = process.getBuiltinModule("node:fs");
const activeResources = process.getActiveResourcesInfo.bind(process);

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
  const memory = new ProcessFile("/proc/self/statm");
  const children = new ProcessFile(`/proc/self/task/${process.pid}/children`);
  // Whatever loses its parent falls to the first process of the sandbox.
  const orphans = new ProcessFile("/proc/1/task/1/children");
  const descriptors = openDescriptors().length;
  const names = new Set(namesOf(openDescriptors()));
  const otherProcesses = orphans.read();
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
      if (children.read() !== "" || orphans.read() !== otherProcesses) return "a process is left";
      return residentBytes(memory.read()) > mostMemory ? "the process has grown" : null;
    },
  };
}

/** A file of /proc, made anew by the kernel at each read from its beginning. */
class ProcessFile {
  readonly #descriptor: number;
  readonly #buffer = Buffer.allocUnsafeSlow(4096);

  constructor(path: string) {
    this.#descriptor = openSync(path, "r");
  }

  read(): string {
    return this.#buffer.toString("latin1", 0, readSync(this.#descriptor, this.#buffer, 0, this.#buffer.length, 0));
  }
}

/** Of proc(5), /proc/PID/statm: the second field, in pages. */
function residentBytes(text: string): number {
  return Number(text.slice(text.indexOf(" ") + 1, text.indexOf(" ", text.indexOf(" ") + 1))) * pageSize;
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
