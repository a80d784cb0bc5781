import { linkCloseCodes } from "../contract/link/control-frames.ts";
import type { Logger } from "../contract/logger.ts";
import type { Store } from "../store/store.ts";
import type { ControlLink } from "./control-link.ts";

/**
 * Renews leases by heartbeats: those that come while a renewal is being stored share the next one.
 * A heartbeat is acknowledged when it is stored; one that comes after the lease was taken back ends the link, so that the
 * worker says hello and hears which attempts are not its own any more.
 */
export class LeaseRenewal {
  readonly #store: Pick<Store, "write">;
  readonly #logger: Logger;
  readonly #leaseDuration: (group: string) => number;
  readonly #waiting = new Map<ControlLink, number>();
  #busy = false;

  constructor(store: Pick<Store, "write">, logger: Logger, leaseDuration: (group: string) => number) {
    this.#store = store;
    this.#logger = logger;
    this.#leaseDuration = leaseDuration;
  }

  heartbeat(link: ControlLink, sequence: number): void {
    this.#waiting.set(link, sequence);
    if (!this.#busy) {
      void this.#renew();
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

  async #renewAll(beats: [ControlLink, number][]): Promise<void> {
    const { serviceTime, renewed } = await this.#store.write.renewLeases({
      workers: beats.map(([{ workerId, instanceId, group }]) => ({
        workerId,
        instanceId,
        leaseDuration: this.#leaseDuration(group),
      })),
    });
    const inTime = new Set(renewed);
    for (const [link, sequence] of beats) {
      if (inTime.has(link.workerId)) {
        link.send({
          type: "heartbeat-acknowledged",
          sequence,
          serviceTime,
          leaseDuration: this.#leaseDuration(link.group),
        });
      } else {
        this.#logger.warn("a heartbeat came after its lease was taken back", {
          workerId: link.workerId,
          worker: link.name,
        });
        link.close(linkCloseCodes.shuttingDown, "the lease has ended; connect again");
      }
    }
  }
}
