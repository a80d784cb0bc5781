/** The account of the operating system that one host runs as, held by that host alone. */
export interface HostAccount {
  readonly userId: number;
  /** Common to all hosts of the worker, so that a folder can be opened to runbooks by its group. */
  readonly groupId: number;
  /** Gives the account back; only when none of its processes lives any more. */
  release(): void;
}

/** Where accounts come from. */
export interface HostAccounts {
  /**
   * @returns null when hosts run as the worker's own account.
   * @throws UserError when every reserved account is in use.
   */
  acquire(): HostAccount | null;
  /** Frees what reserves the accounts on this machine. */
  close(): void;
}

/** For a worker that is not root: a host is the worker's own account, kept apart by the sandbox alone. */
export const ownAccount: HostAccounts = { acquire: () => null, close() {} };

/**
 * Rights that files of hosts with accounts of their own do not get (umask(2)). Their group may change what they make: the next run
 * of a runbook is another account of the same group, and finds in a granted folder what the one before left there.
 */
export const hostFileMask = 0o002;
