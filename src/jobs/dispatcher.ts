import type { Logger } from "../contract/logger.ts";
import type { HostKind } from "../contract/runbook-kind.ts";
import type { ClaimedJob, JobEffects, QueueKey, SlotOffer } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";
import { ClaimsUnderWay } from "./claims-under-way.ts";
import type { DispatchView } from "./dispatch-view.ts";
import { isConnected, takesJobs } from "./dispatch-view.ts";
import { FreeSlots } from "./free-slots.ts";
import type { ReadPlacement } from "./placement-rules.ts";
import type { RunningAttempts } from "./running-attempts.ts";

/** Looks into the queues this often besides being woken, in milliseconds. */
const backstop = 1_000;

/** Queues that a worker is offered for in one claim; those that are left over come first in the next one. */
const mostQueues = 100;

/** Jobs of one claim: it reads as many of each queue, and nobody else claims meanwhile. */
const mostJobs = 64;

/** Where workers are found. */
export interface WorkerDirectory {
  connected(workerId: string): ConnectedWorker | undefined;
  allConnected(): ConnectedWorker[];
}

export interface DispatcherOptions {
  store: Pick<Store, "read" | "write">;
  workers: WorkerDirectory;
  attempts: RunningAttempts;
  view: DispatchView;
  logger: Logger;
  handOver: (job: ClaimedJob) => void;
  /** A claim parked jobs of a held runbook. */
  onEffects: (effects: JobEffects) => void;
}

/**
 * Brings waiting jobs and free slots together. It is woken by each acceptance (the claim is asked for in the same turn, so that
 * both are in one commit), by jobs that come back or are let in, and by slots that become free; a look at the queues
 * every second catches what a lost wake-up would leave, and what other services have to do with.
 *
 * A slot that is offered in a claim under way is reserved, so that no two claims give it away. A wake-up offers a single slot;
 * where jobs are known to be left over (`#backlog`), all free slots are offered together, each with the queues that its worker may
 * have jobs of now (`DispatchView.isTurnOf`).
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #slots: FreeSlots;
  readonly claims = new ClaimsUnderWay();
  /** Placements that are known, or suspected, to hold jobs that no slot was free for. */
  readonly #backlog = new Set<string>();
  /** Workers that get nothing until their next heartbeat. */
  readonly #paused = new Set<string>();
  /** Claims whose answers are not here yet. */
  readonly #claiming = new Set<Promise<void>>();
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = true;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#slots = new FreeSlots(options.attempts);
  }

  start(): void {
    this.#stopped = false;
    this.#timer = setInterval(() => void this.look(), backstop);
    this.#timer.unref();
    void this.look();
  }

  /** No further claims. What those under way give is handed over: nobody else would start it, until it was put back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    await Promise.all(this.#claiming);
  }

  /** A job is in a queue, or will be when the write that was just asked for is done. */
  wake(queue: QueueKey): void {
    if (this.#stopped) {
      return;
    }
    const placement = this.#options.view.placement(queue.placementId);
    const worker = placement === undefined ? undefined : this.#firstFree(placement);
    if (worker === undefined) {
      this.#backlog.add(queue.placementId);
      if (placement === undefined) {
        void this.look();
      }
      return;
    }
    const kindSlots = { [queue.hostKind]: 1 };
    this.#beginClaim([{ ...offerOf(worker), slots: 1, kindSlots, placementIds: [queue.placementId] }], [queue]);
  }

  /** Another service put jobs into these queues, as far as nobody has claimed them since. */
  waiting(queues: readonly QueueKey[]): void {
    for (const { placementId } of queues) {
      this.#backlog.add(placementId);
    }
    if (queues.some(({ placementId }) => this.#options.view.placement(placementId) === undefined)) {
      void this.look();
    }
    this.#offerAll(this.#options.workers.allConnected());
  }

  /** Whether jobs of this queue are known, or suspected, to find no free slot. */
  hasBacklog({ placementId }: QueueKey): boolean {
    return this.#backlog.has(placementId);
  }

  /** A worker may have free slots that it did not have before. */
  slotsFreed(workerId: string): void {
    const worker = this.#options.workers.connected(workerId);
    if (worker !== undefined && this.#backlog.size > 0) {
      this.#offerAll([worker]);
    }
  }

  /** A worker has come, or what it may have is other than before. */
  workerConnected(worker: ConnectedWorker): void {
    this.#paused.delete(worker.workerId);
    this.#offerAll([worker]);
    void this.look();
  }

  /** A worker refused a job: it gets no further one before its next heartbeat. */
  pause(workerId: string): void {
    this.#paused.add(workerId);
  }

  /** A worker's heartbeat has come. */
  resume(workerId: string): void {
    if (this.#paused.delete(workerId)) {
      this.slotsFreed(workerId);
    }
  }

  /** A worker is gone. */
  forget(workerId: string): void {
    this.#paused.delete(workerId);
  }

  /** Looks at the queues of the whole installation now, and claims what is there to be claimed. */
  look(): Promise<void> {
    if (this.#stopped) {
      return Promise.resolve();
    }
    this.#lookAgain = this.#looking !== undefined;
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
      if (this.#lookAgain && !this.#stopped) {
        void this.look();
      }
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { store, view, workers, logger } = this.#options;
    try {
      const state = await store.read.dispatchState({ knownPlacements: view.knownPlacements });
      if (view.update(state)) {
        // Whoever was passed over for a hold may not be any more.
        this.#paused.clear();
      }
      for (const placementId of state.waiting) {
        this.#backlog.add(placementId);
      }
      this.#offerAll(workers.allConnected());
    } catch (error) {
      logger.error("the queues could not be read", { error: String(error) });
    }
  }

  /** Offers what is free of these workers for the jobs that are left over. */
  #offerAll(workers: ConnectedWorker[]): void {
    const slots = new Map(
      workers.filter((worker) => this.#mayHaveJobs(worker)).map((worker) => [worker, this.#slots.of(worker)]),
    );
    const offers = new Map<ConnectedWorker, SlotOffer>();
    const queues: ReadPlacement[] = [];
    for (const placement of this.#backlog.size === 0 || slots.size === 0 ? [] : this.#backlogPlacements()) {
      const able = this.#takersOf(placement, slots);
      for (const worker of able) {
        const offer = offers.get(worker) ?? { ...offerOf(worker), ...this.#slots.of(worker), placementIds: [] };
        offer.placementIds.push(placement.placementId);
        offers.set(worker, offer);
      }
      if (able.length > 0) {
        queues.push(placement);
      }
      if (queues.length === mostQueues) {
        break;
      }
    }
    if (offers.size > 0 && !this.#stopped) {
      this.#beginClaim([...offers.values()], queues);
    }
  }

  /** Those of the workers whose turn it is to have jobs of a placement. */
  #takersOf(
    placement: ReadPlacement,
    slots: ReadonlyMap<ConnectedWorker, Pick<SlotOffer, "kindSlots">>,
  ): ConnectedWorker[] {
    const { view } = this.#options;
    const candidates = view.candidates(placement);
    const takers: ConnectedWorker[] = [];
    for (const { worker, target } of candidates) {
      const kindSlots = isConnected(worker) ? (slots.get(worker)?.kindSlots[placement.hostKind] ?? 0) : 0;
      if (kindSlots > 0 && isConnected(worker)) {
        if (!view.isTurnOf(placement, target, candidates, this.#free)) {
          break;
        }
        takers.push(worker);
      }
    }
    return takers;
  }

  #backlogPlacements(): ReadPlacement[] {
    return [...this.#backlog].flatMap((placementId) => this.#options.view.placement(placementId) ?? []);
  }

  #beginClaim(offers: SlotOffer[], queues: readonly QueueKey[]): void {
    const claiming: Promise<void> = this.#claim(offers, queues).finally(() => this.#claiming.delete(claiming));
    this.#claiming.add(claiming);
  }

  async #claim(offers: SlotOffer[], queues: readonly QueueKey[]): Promise<void> {
    const { store, attempts, handOver, onEffects, logger } = this.#options;
    const keys = queues.map(({ placementId, hostKind }) => ({ placementId, hostKind }));
    const limit = Math.min(
      mostJobs,
      offers.reduce((sum, { slots }) => sum + slots, 0),
    );
    this.#slots.reserve(offers, 1);
    const claim = this.claims.begin();
    // What is left over is learnt from the answer; a wake-up that comes meanwhile marks it again.
    for (const { placementId } of keys) {
      this.#backlog.delete(placementId);
    }
    let progress = false;
    try {
      const { claimed, passedOver, more, effects } = await store.write.claimJobs({ queues: keys, offers, limit });
      this.#slots.reserve(offers, -1);
      for (const workerId of passedOver) {
        this.#paused.add(workerId);
      }
      const left = passedOver.length > 0 ? keys.map(({ placementId }) => placementId) : more;
      for (const placementId of left) {
        this.#backlog.add(placementId);
      }
      for (const job of claimed) {
        attempts.add(job, true);
      }
      for (const job of claimed) {
        handOver(job);
      }
      onEffects(effects);
      progress = claimed.length + passedOver.length + effects.changedJobs.length > 0 || more.length === 0;
    } catch (error) {
      this.#slots.reserve(offers, -1);
      for (const { placementId } of keys) {
        this.#backlog.add(placementId);
      }
      logger.error("jobs could not be claimed", { error: String(error) });
    } finally {
      this.claims.end(claim);
    }
    // Jobs may be left, and slots that this claim had reserved for nothing. Where it could do nothing, another one cannot either.
    if (progress && this.#backlog.size > 0) {
      this.#offerAll(this.#options.workers.allConnected());
    }
  }

  /** Of the workers with a free slot the one that a placement names first; of these the freest. */
  #firstFree(placement: ReadPlacement): ConnectedWorker | undefined {
    const { view } = this.#options;
    const candidates = view.candidates(placement);
    let best: { worker: ConnectedWorker; target: number; free: number } | undefined;
    for (const { worker, target } of candidates) {
      if (best !== undefined && target > best.target) {
        break;
      }
      const free = isConnected(worker) && !view.isHeld(worker.group) ? this.#free(worker, placement.hostKind) : 0;
      if (isConnected(worker) && free > (best?.free ?? 0)) {
        if (best === undefined && !view.isTurnOf(placement, target, candidates, this.#free)) {
          return undefined;
        }
        best = { worker, target, free };
      }
    }
    return best?.worker;
  }

  readonly #free = (worker: ConnectedWorker, kind: HostKind): number =>
    takesJobs(worker) && !this.#paused.has(worker.workerId) ? this.#slots.ofKind(worker, kind) : 0;

  #mayHaveJobs(worker: ConnectedWorker): boolean {
    return takesJobs(worker) && !this.#paused.has(worker.workerId) && !this.#options.view.isHeld(worker.group);
  }
}

function offerOf({
  workerId,
  instanceId,
  linkId,
}: ConnectedWorker): Pick<SlotOffer, "workerId" | "instanceId" | "linkId"> {
  return { workerId, instanceId, linkId };
}
