import type { HostKind } from "../contract/runbook-kind.ts";
import type { ConnectedWorker } from "./connected-worker.ts";

/** The workers whose control link stands at this service, one link a worker. */
export class WorkerRegistry<Worker extends ConnectedWorker> {
  readonly #byId = new Map<string, Worker>();

  get(workerId: string): Worker | undefined {
    return this.#byId.get(workerId);
  }

  all(): Worker[] {
    return [...this.#byId.values()];
  }

  /** Takes a link in; gives the one whose place it takes. */
  add(worker: Worker): Worker | undefined {
    const former = this.#byId.get(worker.workerId);
    this.#byId.set(worker.workerId, worker);
    return former;
  }

  /** Says whether this very link was there. */
  remove(worker: Worker): boolean {
    return this.#byId.get(worker.workerId) === worker && this.#byId.delete(worker.workerId);
  }
}

/** Whether a worker offers a host kind. */
export function offers(worker: ConnectedWorker, kind: HostKind): boolean {
  return worker.hostKinds.some((offer) => offer.kind === kind);
}
