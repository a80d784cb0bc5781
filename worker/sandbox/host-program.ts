import type { HostKind } from "../../src/contract/runbook-kind.ts";

/**
 * A program that can serve as host: what to start, and what it must see. Both `worker/hosts/node/` and
 * `worker/hosts/pwsh/` prepare one; the sandbox starts it. Inside the sandbox every path is the same as outside.
 *
 * The program reads its hand-over on descriptor 3 and answers on 4 (`src/contract/host/host-messages.ts`).
 * Its environment is `environment` and the sandbox's minimum (PATH, HOME=/tmp, LANG=C.UTF-8, TZ), nothing else.
 * Its working folder is `/tmp`, private and writable, which is also the only place where it may write.
 */
export interface HostProgram {
  kind: HostKind;
  /** The runtime's version, such as `26.10.0` or `7.6.5`. */
  version: string;
  /** Absolute path of the executable, no symbolic link on the way; every account may read and execute it. */
  command: string;
  arguments: readonly string[];
  environment: Readonly<Record<string, string>>;
  /**
   * Added to `environment` when a job already waits for this host: skip what only pays while idle (prewarming).
   * Empty where there is nothing to skip.
   */
  directEnvironment: Readonly<Record<string, string>>;
  /**
   * Absolute files and folders, beside `/usr`, that the program needs to read, no symbolic link on the way,
   * readable by every account. `command` and what `arguments` name are among them or below them.
   */
  readOnlyPaths: readonly string[];
  /**
   * The least `RLIMIT_DATA` in bytes under which the runtime starts at all (Node 24 and later reserve 512 MiB of code range).
   */
  leastDataLimit: number;
}
