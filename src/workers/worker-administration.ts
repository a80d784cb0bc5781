import type { Page } from "../contract/api/page.ts";
import type { WorkerResource } from "../contract/api/worker.ts";
import { isId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredWorker } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";
import type { WorkerChange } from "./worker-change.ts";
import { checkedChange } from "./worker-change.ts";
import { workerResource } from "./worker-resource.ts";

/** Workers of a page where nothing else is asked for. */
const defaultPage = 100;

export interface WorkerAdministrationOptions {
  store: Pick<Store, "read" | "write">;
  /** A worker was changed; as it is stored now. */
  changed(worker: StoredWorker): void;
  /** A worker was removed, and with it the tokens of its principal. */
  removed(principalId: string): void;
}

/** Workers as they are stored: shown, changed and removed, each by its id or name. */
export class WorkerAdministration {
  readonly #options: WorkerAdministrationOptions;

  constructor(options: WorkerAdministrationOptions) {
    this.#options = options;
  }

  /** By name, of these groups (in lower case) or of all; `after` is the `next` of the page before. */
  async list(page: { groups?: readonly string[]; after?: string; limit?: number } = {}): Promise<Page<WorkerResource>> {
    const { items, next } = await this.#options.store.read.workers({ limit: defaultPage, ...page });
    return { items: items.map(workerResource), next };
  }

  /** @throws UserError `worker-not-found` (404) */
  async get(worker: string): Promise<WorkerResource> {
    return workerResource(await this.#find(worker));
  }

  /** @throws UserError `worker-not-found` (404), `invalid-worker-name`, `invalid-request` for a tag */
  async change(worker: string, change: WorkerChange, changedBy: string): Promise<WorkerResource> {
    const { store } = this.#options;
    const { workerId } = await this.#find(worker);
    const changed = await store.write.changeWorker({ workerId, ...checkedChange(change), changedBy });
    if (changed === null) {
      throw workerNotFound(worker);
    }
    this.#options.changed(changed);
    return workerResource(changed);
  }

  /** @throws UserError `worker-not-found` (404) */
  async remove(worker: string): Promise<void> {
    const { workerId } = await this.#find(worker);
    const removed = await this.#options.store.write.removeWorker({ workerId });
    if (removed === null) {
      throw workerNotFound(worker);
    }
    this.#options.removed(removed.principalId);
  }

  async #find(worker: string): Promise<StoredWorker> {
    const { read } = this.#options.store;
    const id = worker.toLowerCase();
    const found = isId(id) ? await read.worker({ workerId: id }) : await read.workerByName({ name: worker });
    if (found === null) {
      throw workerNotFound(worker);
    }
    return found;
  }
}

export function workerNotFound(worker: string): UserError {
  return new UserError("worker-not-found", `There is no worker ${worker}.`, {
    status: 404,
    remedy: "List the workers: npx runsmith get-worker.",
  });
}
