import type { WorkerVitals } from "../contract/api/worker.ts";
import type { HeartbeatFrame } from "../contract/link/control-frames.ts";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import type { Logger } from "../contract/logger.ts";
import type { LeaseDurations } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";
import type { ControlLink } from "./control-link.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

type RenewalStore = Pick<Store, "read" | "write" | "isShared">;

/**
 * Renews leases by heartbeats: those that come while a renewal is being stored share the next one.
 * A heartbeat is acknowledged when it is stored; one that comes after the lease was taken back ends the link, so that the
 * worker says hello and hears which attempts are not its own any more. A renewal also brings what operators changed of the worker at
 * another service.
 */
export class LeaseRenewal {
  readonly #store: RenewalStore;
  readonly #logger: Logger;
  readonly #leases: LeaseDurations;
  readonly #termsChanged: (link: ControlLink) => void;
  readonly #waiting = new Map<ControlLink, HeartbeatFrame>();
  #busy = false;

  /** @param termsChanged told when a renewal brought other terms for a worker than its link had */
  constructor(store: RenewalStore, logger: Logger, leases: LeaseDurations, termsChanged: (link: ControlLink) => void) {
    this.#store = store;
    this.#logger = logger;
    this.#leases = leases;
    this.#termsChanged = termsChanged;
  }

  heartbeat(link: ControlLink, frame: HeartbeatFrame): void {
    this.#waiting.set(link, frame);
    if (!this.#busy) {
      void this.#renew();
    }
  }

  /**
   * Extends the leases of workers before a planned restart, and tells them; never rejects.
   * @param extension milliseconds that each lease has at least
   */
  async extend(workers: Pick<WorkerRegistry<ControlLink>, "all" | "get">, extension: number): Promise<void> {
    try {
      const { serviceTime, renewed } = await this.#store.write.renewLeases({
        workers: workers.all().map(({ workerId, instanceId }) => ({ workerId, instanceId })),
        leases: this.#leases,
        atLeast: extension,
      });
      for (const { workerId, leaseDuration } of renewed) {
        const link = workers.get(workerId);
        // Read from the last heartbeat on, as every acknowledgement is.
        const sequence = link?.lastHeartbeat?.sequence ?? 0;
        link?.send({ type: "heartbeat-acknowledged", sequence, serviceTime, leaseDuration });
      }
    } catch (error) {
      this.#logger.error("leases could not be extended before the restart", { error: String(error) });
    }
  }

  async #renew(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.size > 0) {
      const beats = [...this.#waiting];
      this.#waiting.clear();
      try {
        await this.#renewAll(beats);
      } catch (error) {
        // Not acknowledged: the worker's own clock runs on, and its next heartbeat tries again.
        this.#logger.error("leases could not be renewed", { error: String(error), workers: beats.length });
      }
    }
    this.#busy = false;
  }

  async #renewAll(beats: [ControlLink, HeartbeatFrame][]): Promise<void> {
    const { serviceTime, renewed } = await this.#store.write.renewLeases({
      workers: beats.map(([{ workerId, instanceId }, frame]) => ({ workerId, instanceId, vitals: vitalsOf(frame) })),
      leases: this.#leases,
    });
    const termsOf = new Map(renewed.map((terms) => [terms.workerId, terms]));
    for (const [link, { sequence }] of beats) {
      const terms = termsOf.get(link.workerId);
      if (terms !== undefined) {
        const { leaseDuration } = terms;
        link.send({ type: "heartbeat-acknowledged", sequence, serviceTime, leaseDuration });
        if (link.setTerms(terms)) {
          this.#termsChanged(link);
        }
      } else {
        await this.#refuse(link);
      }
    }
  }

  async #refuse(link: ControlLink): Promise<void> {
    const { workerId, name, instanceId } = link;
    const worker = this.#store.isShared ? await this.#store.read.worker({ workerId }) : null;
    if (worker !== null && worker.instanceId !== instanceId) {
      this.#logger.error("another process took a worker's place at another service", { workerId, worker: name });
      link.close(linkCloseCodes.replaced, "another process with this token took over");
      return;
    }
    this.#logger.warn("a heartbeat came after its lease was taken back", { workerId, worker: name });
    link.close(linkCloseCodes.shuttingDown, "the lease has ended; connect again");
  }
}

function vitalsOf({ load, cores, memory, totalMemory, availableMemory }: HeartbeatFrame): WorkerVitals {
  return {
    load,
    cores: cores ?? null,
    memory,
    totalMemory: totalMemory ?? null,
    availableMemory: availableMemory ?? null,
  };
}
