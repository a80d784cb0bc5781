import type { Logger } from "../contract/logger.ts";
import type { HostKind } from "../contract/runbook-kind.ts";
import { hostKinds } from "../contract/runbook-kind.ts";
import type { ClaimedJob, QueueKey, SlotOffer } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";
import type { RunningAttempts } from "./running-attempts.ts";

/** Looks into the queues this often besides being woken, in milliseconds. */
const backstop = 1_000;

/** Where workers are found. */
export interface WorkerDirectory {
  connected(workerId: string): ConnectedWorker | undefined;
  allConnected(): ConnectedWorker[];
  offering(group: string, kind: HostKind): ConnectedWorker[];
}

/**
 * Brings waiting jobs and free slots together. It is woken by each acceptance (the claim is asked for in the same turn, so that
 * both are in one commit), by jobs that come back or are let in, and by slots that become free; a look at the queues
 * every second catches what a lost wake-up would leave.
 *
 * A slot that is offered in a claim under way is reserved, so that no two claims give it away. A wake-up offers a single slot;
 * where jobs are known to be left over (`#backlog`), all free slots are offered together.
 */
export class Dispatcher {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #workers: WorkerDirectory;
  readonly #attempts: RunningAttempts;
  readonly #logger: Logger;
  readonly #handOver: (job: ClaimedJob) => void;
  readonly #reserved = new Map<string, number>();
  /** Queues that are known, or suspected, to hold jobs that no slot was free for. */
  readonly #backlog = new Set<string>();
  /** Workers that get nothing until their next heartbeat. */
  readonly #paused = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = true;

  constructor(options: {
    store: Pick<Store, "read" | "write">;
    workers: WorkerDirectory;
    attempts: RunningAttempts;
    logger: Logger;
    handOver: (job: ClaimedJob) => void;
  }) {
    this.#store = options.store;
    this.#workers = options.workers;
    this.#attempts = options.attempts;
    this.#logger = options.logger;
    this.#handOver = options.handOver;
  }

  start(): void {
    this.#stopped = false;
    this.#timer = setInterval(() => void this.#look(), backstop);
    this.#timer.unref();
  }

  /** No further claims; those under way go on. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** A job is in a queue, or will be when the write that was just asked for is done. */
  wake(queue: QueueKey): void {
    if (this.#stopped) {
      return;
    }
    const worker = this.#freest(this.#workers.offering(queue.workerGroup, queue.hostKind));
    if (worker === undefined) {
      this.#backlog.add(keyOf(queue.workerGroup, queue.hostKind));
      return;
    }
    void this.#claim(queue.workerGroup, [{ worker, slots: 1, hostKinds: [queue.hostKind] }]);
  }

  /** Whether jobs of this queue are known, or suspected, to find no free slot. */
  hasBacklog({ workerGroup, hostKind }: QueueKey): boolean {
    return this.#backlog.has(keyOf(workerGroup, hostKind));
  }

  /** A worker may have free slots that it did not have before. */
  slotsFreed(workerId: string): void {
    const worker = this.#workers.connected(workerId);
    if (worker !== undefined && this.#isWanted(worker)) {
      this.#offerAll(worker.group, [worker]);
    }
  }

  /** A worker has come. */
  workerConnected(worker: ConnectedWorker): void {
    this.#paused.delete(worker.workerId);
    this.#offerAll(worker.group, [worker]);
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

  async #look(): Promise<void> {
    try {
      const queues = await this.#store.read.waitingQueues();
      const groups = new Set(queues.map(({ workerGroup }) => workerGroup));
      for (const { workerGroup, hostKind } of queues) {
        this.#backlog.add(keyOf(workerGroup, hostKind));
      }
      for (const group of groups) {
        const able = this.#workers.allConnected().filter((worker) => worker.group === group && this.#isWanted(worker));
        this.#offerAll(group, able);
      }
    } catch (error) {
      this.#logger.error("the queues could not be read", { error: String(error) });
    }
  }

  #offerAll(group: string, workers: ConnectedWorker[]): void {
    const offers = workers
      .map((worker) => ({ worker, slots: this.#free(worker), hostKinds: worker.hostKinds.map(({ kind }) => kind) }))
      .filter(({ slots }) => slots > 0);
    if (offers.length > 0 && !this.#stopped) {
      void this.#claim(group, offers);
    }
  }

  async #claim(
    workerGroup: string,
    offered: { worker: ConnectedWorker; slots: number; hostKinds: HostKind[] }[],
  ): Promise<void> {
    const offers: SlotOffer[] = offered.map(({ worker: { workerId, instanceId }, slots, hostKinds: kinds }) => ({
      workerId,
      instanceId,
      slots,
      hostKinds: kinds,
    }));
    const kinds = new Set(offers.flatMap((offer) => offer.hostKinds));
    const limit = offers.reduce((sum, { slots }) => sum + slots, 0);
    this.#reserve(offers, 1);
    // What is left over is learnt from the answer; a wake-up that comes meanwhile marks it again.
    for (const kind of kinds) {
      this.#backlog.delete(keyOf(workerGroup, kind));
    }
    try {
      const { claimed, passedOver, more } = await this.#store.write.claimJobs({ workerGroup, offers, limit });
      this.#reserve(offers, -1);
      for (const workerId of passedOver) {
        this.#paused.add(workerId);
      }
      for (const kind of passedOver.length > 0 ? kinds : more) {
        this.#backlog.add(keyOf(workerGroup, kind));
      }
      for (const job of claimed) {
        this.#attempts.add(job, true);
      }
      for (const job of claimed) {
        this.#handOver(job);
      }
    } catch (error) {
      this.#reserve(offers, -1);
      for (const kind of kinds) {
        this.#backlog.add(keyOf(workerGroup, kind));
      }
      this.#logger.error("jobs could not be claimed", { error: String(error) });
      return;
    }
    this.#claimMore(workerGroup);
  }

  /** After a claim: jobs may be left, and slots that it had reserved for nothing. */
  #claimMore(group: string): void {
    const waits = hostKinds.some((kind) => this.#backlog.has(keyOf(group, kind)));
    if (waits) {
      this.#offerAll(
        group,
        this.#workers.allConnected().filter((worker) => worker.group === group && this.#isWanted(worker)),
      );
    }
  }

  #isWanted(worker: ConnectedWorker): boolean {
    return worker.hostKinds.some(({ kind }) => this.#backlog.has(keyOf(worker.group, kind)));
  }

  #free(worker: ConnectedWorker): number {
    if (worker.draining || this.#paused.has(worker.workerId)) {
      return 0;
    }
    const reserved = this.#reserved.get(worker.workerId) ?? 0;
    return Math.max(0, worker.slots - this.#attempts.countOf(worker.workerId) - reserved);
  }

  #freest(workers: ConnectedWorker[]): ConnectedWorker | undefined {
    let best: ConnectedWorker | undefined;
    let most = 0;
    for (const worker of workers) {
      const free = this.#free(worker);
      if (free > most) {
        best = worker;
        most = free;
      }
    }
    return best;
  }

  #reserve(offers: SlotOffer[], sign: 1 | -1): void {
    for (const { workerId, slots } of offers) {
      const reserved = (this.#reserved.get(workerId) ?? 0) + sign * slots;
      if (reserved === 0) {
        this.#reserved.delete(workerId);
      } else {
        this.#reserved.set(workerId, reserved);
      }
    }
  }
}

function keyOf(workerGroup: string, hostKind: HostKind): string {
  return `${hostKind} ${workerGroup}`;
}
