/** A worker group as it is stored; one that only its workers or runbooks name has no row of its own. */
export interface StoredWorkerGroup {
  name: string;
  description: string;
  /** Milliseconds; null where the installation's holds. */
  leaseDuration: number | null;
  /** Workers that belong to it, and those of them that are connected. */
  workers: number;
  connectedWorkers: number;
  /** Of connected workers. */
  slots: number;
  runningJobs: number;
  createdAt: number;
  modifiedAt: number;
  modifiedBy: string;
  /** Grows by one with each change. */
  revision: number;
}

export interface WorkerGroupReads {
  /** By name, those of these names (in lower case) or all; `after` is the `next` of the page before. */
  workerGroups(of: { names?: readonly string[]; after?: string; limit: number }): {
    items: StoredWorkerGroup[];
    next: string | null;
  };
  /** The name counts without regard to case. */
  workerGroup(of: { name: string }): StoredWorkerGroup | null;
}

export interface WorkerGroupWrites {
  /**
   * Makes a group, or changes the one of that name.
   * @throws UserError `revision-mismatch` (412) when `expectedRevision` is not its revision
   */
  setWorkerGroup(group: {
    name: string;
    description?: string;
    leaseDuration?: number | null;
    changedBy: string;
    expectedRevision?: number;
  }): { group: StoredWorkerGroup; created: boolean };

  /**
   * Removes a group.
   * @throws UserError `worker-group-not-found` (404), `worker-group-in-use` (409) while it has workers or a runbook names it;
   * `revision-mismatch` (412)
   */
  removeWorkerGroup(of: { name: string; expectedRevision?: number }): void;
}
