import { deepestCalls } from "../contract/child-runbook.ts";
import type { HostKind } from "../contract/runbook-kind.ts";
import type { SlotOffer } from "../store/operations/jobs.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";
import type { RunningAttempts } from "./running-attempts.ts";

/**
 * Attempts that wait for other jobs keep their hosts, and so their memory: no more of them leave their slots to others than so many
 * times the slots, and one chain of calls.
 */
const waitingPerSlot = 3;

/** Which slots of this service's workers are free: not taken by an attempt, and not reserved by a claim under way. */
export class FreeSlots {
  readonly #attempts: RunningAttempts;
  /** By worker, and by worker and kind. */
  readonly #reserved = new Map<string, number>();

  constructor(attempts: RunningAttempts) {
    this.#attempts = attempts;
  }

  /** In all, and for each kind of host that a worker offers. */
  of(worker: ConnectedWorker): Pick<SlotOffer, "slots" | "kindSlots"> {
    const slots = this.#all(worker);
    const kindSlots: Partial<Record<HostKind, number>> = {};
    for (const { kind } of worker.hostKinds) {
      kindSlots[kind] = Math.min(slots, this.#kind(worker, kind));
    }
    return { slots, kindSlots };
  }

  ofKind(worker: ConnectedWorker, kind: HostKind): number {
    return Math.min(this.#all(worker), this.#kind(worker, kind));
  }

  /** @param sign 1 when a claim begins, -1 when it is over */
  reserve(offers: readonly SlotOffer[], sign: 1 | -1): void {
    for (const { workerId, slots, kindSlots } of offers) {
      this.#add(workerId, sign * slots);
      for (const [kind, ofKind] of Object.entries(kindSlots)) {
        this.#add(`${workerId} ${kind}`, sign * ofKind);
      }
    }
  }

  #all({ workerId, slots }: ConnectedWorker): number {
    return Math.max(0, slots - this.#taken(workerId, slots) - (this.#reserved.get(workerId) ?? 0));
  }

  #kind({ workerId, slots, hostKinds }: ConnectedWorker, kind: HostKind): number {
    const offer = hostKinds.find((offered) => offered.kind === kind);
    if (offer === undefined) {
      return 0;
    }
    const reserved = this.#reserved.get(`${workerId} ${kind}`) ?? 0;
    return Math.max(0, (offer.slots ?? slots) - this.#taken(workerId, slots, kind) - reserved);
  }

  /** An attempt that waits for another job leaves its slot to others, or they would wait for each other for ever. */
  #taken(workerId: string, slots: number, kind?: HostKind): number {
    const left = Math.min(this.#attempts.waitingOf(workerId, kind), waitingPerSlot * slots + deepestCalls);
    return this.#attempts.countOf(workerId, kind) - left;
  }

  #add(key: string, change: number): void {
    const reserved = (this.#reserved.get(key) ?? 0) + change;
    if (reserved === 0) {
      this.#reserved.delete(key);
    } else {
      this.#reserved.set(key, reserved);
    }
  }
}
