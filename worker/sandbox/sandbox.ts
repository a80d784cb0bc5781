import type { Readable, Writable } from "node:stream";
import type { Grant } from "../../src/contract/grant.ts";
import type { HostAccount } from "../accounts/host-account.ts";
import type { HostProgram } from "./host-program.ts";
import type { PreparedGrants } from "./prepared-grants.ts";
import type { ResourceLimits } from "./resource-limits.ts";

/**
 * What isolates a host: starts one, names its processes to others, and ends them all.
 * One implementation per kind of machine; on Linux `bubblewrap.ts`, and `none.ts` where the operator insists.
 */
export interface Sandbox {
  readonly name: "bubblewrap" | "none";
  /**
   * Resolves grants against this machine's files.
   *
   * @throws UserError `grant-unusable` when a granted path does not exist, or leads to what belongs to Runsmith itself.
   */
  prepare(grants: readonly Grant[]): Promise<PreparedGrants>;
  /** @throws Error when the program cannot be started at all. */
  start(request: SandboxRequest): Promise<SandboxedProcess>;
}

export interface SandboxRequest {
  program: HostProgram;
  /** A job already waits for the host: use the program's `directEnvironment` too. */
  direct: boolean;
  grants: PreparedGrants;
  /** The account to become first, or null to stay the worker's own. */
  account: HostAccount | null;
  limits: ResourceLimits;
}

/** How the process ended: by itself with `code`, or by `signal`. */
export interface ProcessExit {
  code: number | null;
  signal: string | null;
}

export interface SandboxedProcess {
  /** The outermost process, which ends last. */
  readonly processId: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Descriptors 3 and 4 of the host protocol, from the worker's side. */
  readonly input: Writable;
  readonly output: Readable;
  /** Resolves when every process of the sandbox is gone; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /**
   * Looks at the started processes, once, when the host has said that it is ready: from then on `kill` and the guard
   * reach each of them, and memory is accounted.
   *
   * @throws UserError `grant-unusable` when the host sees something else than what was granted; it must not get a script then.
   */
  settle(): void;
  /** What the guard needs to end the tree when the worker cannot; complete after `settle`. */
  identity(): ProcessIdentity;
  /** Bytes of memory that all its processes hold now, files that others map too left out. */
  memory(): number;
  /** Ends every process at once (SIGKILL). May be called again. */
  kill(): void;
}

/** Names a sandbox's processes so that a reused process id is not mistaken for them. */
export interface ProcessIdentity {
  /** The outermost process and the innermost first process, each with its start time (clock ticks since boot). */
  processes: { processId: number; startTime: string }[];
  /** Every process in this user namespace (`user:[…]`) belongs to the sandbox; null where a process namespace holds them all. */
  userNamespace: string | null;
  /** Every process of this account belongs to the sandbox; null where the account has other processes too. */
  userId: number | null;
  /** An entry of the environment that only the sandbox's processes have, such as `HOME=…`; null where others of the above holds them. */
  environment: string | null;
}
