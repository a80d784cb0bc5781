import { isoTime } from "../contract/api/iso-time.ts";
import type { Page } from "../contract/api/page.ts";
import type { WorkerGroupResource } from "../contract/api/worker.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredDispatchHold } from "../store/operations/dispatch.ts";
import type { StoredWorkerGroup } from "../store/operations/worker-groups.ts";
import type { Store } from "../store/store.ts";
import { checkWorkerName } from "./worker-change.ts";

/** What is changed of a group; what is left out stays. */
export interface WorkerGroupChange {
  description?: string;
  /** Milliseconds; null for the installation's. */
  leaseDuration?: number | null;
}

/** Groups of workers. One comes to be with its first worker, or when something is set for it. */
export class WorkerGroups {
  readonly #store: Pick<Store, "read" | "write">;

  constructor(store: Pick<Store, "read" | "write">) {
    this.#store = store;
  }

  /** By name, those of these names (in lower case) or all; `after` is the `next` of the page before. */
  async list(page: { names?: readonly string[]; after?: string; limit: number }): Promise<Page<WorkerGroupResource>> {
    const { items, next } = await this.#store.read.workerGroups(page);
    const holds = await this.#store.read.dispatchHolds();
    return { items: items.map((group) => groupResource(group, holds)), next };
  }

  /** @throws UserError `worker-group-not-found` (404) */
  async get(name: string): Promise<WorkerGroupResource> {
    const group = await this.#store.read.workerGroup({ name });
    if (group === null) {
      throw workerGroupNotFound(name);
    }
    return groupResource(group, await this.#store.read.dispatchHolds());
  }

  /**
   * Makes a group, or changes the one of that name; a lease holds from each worker's next heartbeat on.
   * @throws UserError `invalid-worker-name`, `revision-mismatch` (412)
   */
  async set(
    name: string,
    change: WorkerGroupChange,
    context: { changedBy: string; expectedRevision?: number | undefined },
  ): Promise<{ group: WorkerGroupResource; created: boolean }> {
    checkWorkerName("/name", name);
    const { changedBy, expectedRevision } = context;
    const { group, created } = await this.#store.write.setWorkerGroup({
      name,
      ...change,
      changedBy,
      ...(expectedRevision !== undefined && { expectedRevision }),
    });
    return { group: groupResource(group, await this.#store.read.dispatchHolds()), created };
  }

  /** @throws UserError `worker-group-not-found` (404), `worker-group-in-use` (409), `revision-mismatch` (412) */
  async remove(name: string, expectedRevision: number | undefined): Promise<void> {
    await this.#store.write.removeWorkerGroup({ name, ...(expectedRevision !== undefined && { expectedRevision }) });
  }
}

export function workerGroupNotFound(name: string): UserError {
  return new UserError("worker-group-not-found", `There is no worker group ${name}.`, {
    status: 404,
    remedy: "List the groups: npx runsmith get-worker-group.",
  });
}

function groupResource(group: StoredWorkerGroup, holds: readonly StoredDispatchHold[]): WorkerGroupResource {
  const name = group.name.toLowerCase();
  const hold = holds.find(
    ({ scope, subject }) => scope === "all" || (scope === "group" && subject.toLowerCase() === name),
  );
  return {
    ...group,
    held: hold === undefined ? null : `by ${hold.heldBy}${hold.reason === "" ? "" : `: ${hold.reason}`}`,
    createdAt: isoTime(group.createdAt),
    modifiedAt: isoTime(group.modifiedAt),
  };
}
