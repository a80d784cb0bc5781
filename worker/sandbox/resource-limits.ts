/** What one host may use; each a hard limit. */
export interface ResourceLimits {
  /** Processes and threads at once. */
  processes: number;
  /** Open descriptors of one process. */
  openFiles: number;
  /** Bytes of the largest file that may be written. */
  fileSize: number;
  /** Bytes of memory of all processes together, beyond what the runtime reserves to start at all. */
  memory: number;
  /** Bytes of the private /tmp (memory too). */
  temporarySpace: number;
}

export const defaultResourceLimits: Readonly<ResourceLimits> = {
  processes: 256,
  openFiles: 4096,
  fileSize: 8 * 1024 ** 3,
  memory: 1024 ** 3,
  temporarySpace: 64 * 1024 ** 2,
};

/**
 * The `prlimit` command that sets the limits of the process it becomes. It has to run inside the sandbox:
 * there RLIMIT_NPROC counts the sandbox's own processes, outside it would count all of the account's.
 * There is no limit of CPU time: the time limit of a job is on the wall clock, and a host starts before its job is known.
 */
export function prlimitCommand(limits: ResourceLimits, leastDataLimit: number): string[] {
  return [
    "/usr/bin/prlimit",
    `--nproc=${limits.processes}`,
    `--nofile=${limits.openFiles}`,
    `--fsize=${limits.fileSize}`,
    `--data=${leastDataLimit + limits.memory}`,
    "--core=0",
    "--",
  ];
}
