import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import type { RecordsHelloFrame } from "../contract/link/records-frames.ts";
import type { Store } from "../store/store.ts";
import type { JobLinkHandler } from "./connected-worker.ts";
import type { ControlLink } from "./control-link.ts";
import type { LinkedWorker } from "./link-upgrades.ts";
import type { RecordsLinkListener, RecordsRefusal } from "./records-link.ts";
import { RecordsLink } from "./records-link.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

export interface RecordsLinksOptions {
  store: Pick<Store, "isShared"> & { read: Pick<Store["read"], "worker"> };
  registry: Pick<WorkerRegistry<ControlLink>, "get">;
  /** Who gets records and ends; undefined until somebody does. */
  jobs(): JobLinkHandler | undefined;
  badFrame: RecordsLinkListener["badFrame"];
}

/** The records sockets of workers, one a worker: a worker has one for its control link, which may stand at another service. */
export class RecordsLinks {
  readonly #options: RecordsLinksOptions;
  /** Those that have said hello, by worker. */
  readonly #greeted = new Map<string, RecordsLink>();
  readonly #open = new Set<RecordsLink>();

  constructor(options: RecordsLinksOptions) {
    this.#options = options;
  }

  open(socket: WebSocket, wire: Duplex, worker: LinkedWorker): void {
    const { jobs, badFrame } = this.#options;
    const opened = new RecordsLink(socket, wire, worker, {
      hello: (link, frame) => this.#greet(link, frame),
      appended: (link, frame, bytes) => jobs()?.recordsReceived(link, frame, bytes),
      badFrame,
      closed: (link) => this.#closed(link),
    });
    this.#open.add(opened);
  }

  /** Whether a worker sends its records to this service. */
  has(workerId: string): boolean {
    return this.#greeted.has(workerId);
  }

  /** Those that are open now, whether they have said hello or not. */
  all(): RecordsLink[] {
    return [...this.#open];
  }

  #greet(link: RecordsLink, frame: RecordsHelloFrame): RecordsRefusal | null | Promise<RecordsRefusal | null> {
    const { store, registry } = this.#options;
    if (frame.workerId !== link.workerId) {
      return { code: linkCloseCodes.unauthorized, reason: "this token belongs to another worker" };
    }
    if (registry.get(link.workerId)?.instanceId === frame.instanceId) {
      return this.#take(link);
    }
    return store.isShared && frame.elsewhere !== false ? this.#greetOfOther(link, frame) : controlFirst;
  }

  /** The control link may stand at another service: the database knows which instance said hello last. */
  async #greetOfOther(link: RecordsLink, frame: RecordsHelloFrame): Promise<RecordsRefusal | null> {
    const worker = await this.#options.store.read.worker({ workerId: link.workerId });
    const isThere = worker?.status === "connected" || worker?.status === "draining";
    return isThere && worker.instanceId === frame.instanceId ? this.#take(link) : controlFirst;
  }

  #take(link: RecordsLink): null {
    if (!this.#open.has(link)) {
      return null;
    }
    this.#greeted.get(link.workerId)?.close(linkCloseCodes.replaced, "another link of this worker took over");
    this.#greeted.set(link.workerId, link);
    return null;
  }

  #closed(link: RecordsLink): void {
    this.#open.delete(link);
    if (this.#greeted.get(link.workerId) === link) {
      this.#greeted.delete(link.workerId);
    }
  }
}

const controlFirst: RecordsRefusal = {
  code: linkCloseCodes.shuttingDown,
  reason: "open the control socket first",
};
