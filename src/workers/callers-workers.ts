import { authorize, permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import { visibleTo } from "../access/visible-to.ts";
import type { Page } from "../contract/api/page.ts";
import type { WorkerAdmission, WorkerGroupResource, WorkerResource } from "../contract/api/worker.ts";
import { workerNotFound } from "./worker-administration.ts";
import type { WorkerGroupChange } from "./worker-groups.ts";
import { workerGroupNotFound } from "./worker-groups.ts";
import type { WorkersFeature } from "./workers-feature.ts";

/**
 * Workers and their groups as callers may see and work them: by the rights on a group. Workers themselves, and which group they belong
 * to, are administrators' business. What a caller may not even read is as if it were not there.
 */
export class CallersWorkers {
  readonly #workers: WorkersFeature;

  constructor(workers: WorkersFeature) {
    this.#workers = workers;
  }

  /** By name, those of groups that the caller may read; `after` is the `next` of the page before. */
  listWorkers(page: { after?: string; limit: number }, caller: Principal): Promise<Page<WorkerResource>> {
    const visible = visibleTo(caller);
    return this.#workers.listWorkers(visible === null ? page : { ...page, groups: visible.workerGroups });
  }

  /** By its id or name. @throws UserError `worker-not-found` (404) */
  async getWorker(worker: string, caller: Principal): Promise<WorkerResource> {
    const found = await this.#workers.getWorker(worker);
    if (!permits(caller, "read", group(found.group))) {
      throw workerNotFound(worker);
    }
    return found;
  }

  /** Cordons, uncordons or drains a worker. @throws UserError `worker-not-found` (404), `not-permitted` (403) */
  async admit(worker: string, admission: WorkerAdmission, caller: Principal): Promise<WorkerResource> {
    const found = await this.getWorker(worker, caller);
    authorize(caller, "operate", group(found.group), `the worker group ${found.group}`);
    return this.#workers.changeWorker(found.workerId, { admission }, caller.name);
  }

  /** By name; `after` is the `next` of the page before. */
  listGroups(page: { after?: string; limit: number }, caller: Principal): Promise<Page<WorkerGroupResource>> {
    const visible = visibleTo(caller);
    return this.#workers.groups.list(visible === null ? page : { ...page, names: visible.workerGroups });
  }

  /** @throws UserError `worker-group-not-found` (404) */
  async getGroup(name: string, caller: Principal): Promise<WorkerGroupResource> {
    if (!permits(caller, "read", group(name))) {
      throw workerGroupNotFound(name);
    }
    return this.#workers.groups.get(name);
  }

  /** Makes a group, or changes the one of that name. Throws as `WorkerGroups.set`; @throws UserError `not-permitted` (403) */
  async setGroup(
    name: string,
    change: WorkerGroupChange,
    { caller, expectedRevision }: { caller: Principal; expectedRevision: number | undefined },
  ): Promise<{ group: WorkerGroupResource; created: boolean }> {
    authorize(caller, "edit", group(name), `the worker group ${name}`);
    return this.#workers.groups.set(name, change, { changedBy: caller.name, expectedRevision });
  }

  /** Throws as `WorkerGroups.remove`; @throws UserError `not-permitted` (403) */
  async removeGroup(name: string, expectedRevision: number | undefined, caller: Principal): Promise<void> {
    if (!permits(caller, "read", group(name))) {
      throw workerGroupNotFound(name);
    }
    authorize(caller, "edit", group(name), `the worker group ${name}`);
    await this.#workers.groups.remove(name, expectedRevision);
  }
}

function group(name: string) {
  return { kind: "worker-group", name } as const;
}
