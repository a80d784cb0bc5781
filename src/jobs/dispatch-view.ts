import type { HostKind } from "../contract/runbook-kind.ts";
import type { DispatchState, StoredDispatchHold, WorkerAvailability } from "../store/operations/dispatch.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";
import type { PlacedWorker, ReadPlacement } from "./placement-rules.ts";
import { isAble, readPlacement, targetOf } from "./placement-rules.ts";

/** A worker that may have jobs of a placement, by the position of its target. */
export interface Candidate {
  worker: PlacedWorker;
  target: number;
}

/** A worker that is there, as far as this service knows. */
export interface KnownWorker {
  worker: PlacedWorker;
  slots: number;
  takesJobs: boolean;
  draining: boolean;
  missingHostKinds: readonly { kind: HostKind; reason: string }[];
}

/** Free slots of a worker of this service for a kind of host. */
export type FreeSlots = (worker: ConnectedWorker, kind: HostKind) => number;

/**
 * What this service knows of the whole installation: placements, operators' holds, and workers that other services have. It is
 * read once a second, so it may be a second old; of its own workers a service knows the moment. Nothing here decides who gets a
 * job: a claim does, and checks holds and leases itself. This decides which queues a worker is shown.
 */
export class DispatchView {
  readonly #connected: () => ConnectedWorker[];
  #placements = new Map<string, ReadPlacement>();
  #holds: StoredDispatchHold[] = [];
  #workers: WorkerAvailability[] = [];
  /** The database's clock minus this process's monotonic one, when the view was read. */
  #clockOffset = 0;
  readonly #monotonic: () => number;

  constructor(connected: () => ConnectedWorker[], monotonic: () => number) {
    this.#connected = connected;
    this.#monotonic = monotonic;
  }

  get knownPlacements(): number {
    return this.#placements.size;
  }

  get holds(): readonly StoredDispatchHold[] {
    return this.#holds;
  }

  /** Says whether other holds are in force than before. */
  update(state: DispatchState): boolean {
    if (state.placements !== null) {
      this.#placements = new Map(state.placements.map((stored) => [stored.placementId, readPlacement(stored)]));
    }
    const changed = JSON.stringify(state.holds) !== JSON.stringify(this.#holds);
    this.#holds = state.holds;
    this.#workers = state.workers;
    this.#clockOffset = state.now - this.#monotonic();
    return changed;
  }

  placement(placementId: string): ReadPlacement | undefined {
    return this.#placements.get(placementId);
  }

  /** Whether an operator keeps jobs from the workers of a group. */
  isHeld(group: string): boolean {
    return this.groupHold(group) !== undefined;
  }

  /** The hold of everything, or of a group. */
  groupHold(group: string): StoredDispatchHold | undefined {
    const name = group.toLowerCase();
    return this.#holds.find(
      ({ scope, subject }) => scope === "all" || (scope === "group" && subject.toLowerCase() === name),
    );
  }

  runbookHold(runbookId: string): StoredDispatchHold | undefined {
    return this.#holds.find(({ scope, subject }) => scope === "runbook" && subject === runbookId);
  }

  /** Workers that have a link now, to this service or to another. */
  connectedWorkers(): KnownWorker[] {
    return this.allWorkers().flatMap((worker): KnownWorker[] => {
      if (isConnected(worker)) {
        const { slots, draining, missingHostKinds } = worker;
        return [{ worker, slots, takesJobs: takesJobs(worker), draining, missingHostKinds }];
      }
      const known = this.#workers.find(({ workerId }) => workerId === worker.workerId);
      return known === undefined || !known.connected
        ? []
        : [
            {
              worker,
              slots: known.slots,
              takesJobs: known.available,
              draining: !known.available,
              missingHostKinds: [],
            },
          ];
    });
  }

  /** Workers of this service and of others, connected or not. */
  allWorkers(): PlacedWorker[] {
    const own = this.#connected();
    const ids = new Set(own.map(({ workerId }) => workerId));
    return [...own, ...this.#workers.filter(({ workerId }) => !ids.has(workerId))];
  }

  /** The workers that a placement means and that are able to run its jobs, connected or not, in the order of its targets. */
  candidates(placement: ReadPlacement): Candidate[] {
    return this.allWorkers()
      .flatMap((worker): Candidate[] => {
        const target = isAble(placement, worker) ? targetOf(placement, worker) : null;
        return target === null ? [] : [{ worker, target }];
      })
      .sort((a, b) => a.target - b.target);
  }

  /**
   * Whether workers of a target may have jobs of a placement now. Not while a worker that is named before has a free slot, and, for a
   * stand-by, not unless all that are named before have been gone for long enough. When it is not the turn of one target, it is
   * not that of a later one.
   */
  isTurnOf(placement: ReadPlacement, target: number, candidates: readonly Candidate[], free: FreeSlots): boolean {
    const before = candidates.filter((other) => other.target < target).map(({ worker }) => worker);
    return target < placement.preferred
      ? before.every((worker) => this.#freeSlots(worker, placement.hostKind, free) === 0)
      : this.#areGone(placement, before);
  }

  /** A target without any worker is gone, and always was. */
  #areGone(placement: ReadPlacement, before: readonly PlacedWorker[]): boolean {
    const now = this.#monotonic() + this.#clockOffset;
    return before.every((worker) => {
      const since = this.#unavailableSince(worker, now);
      return since !== null && now - since >= placement.standByAfter;
    });
  }

  #unavailableSince(worker: PlacedWorker, now: number): number | null {
    const known = this.#workers.find(({ workerId }) => workerId === worker.workerId);
    if (isConnected(worker)) {
      return takesJobs(worker) ? null : (known?.unavailableSince ?? now);
    }
    return known === undefined ? now : known.unavailableSince;
  }

  #freeSlots(worker: PlacedWorker, kind: HostKind, free: FreeSlots): number {
    if (this.isHeld(worker.group)) {
      return 0;
    }
    if (isConnected(worker)) {
      return free(worker, kind);
    }
    const known = this.#workers.find(({ workerId }) => workerId === worker.workerId);
    return known?.available === true && known.responsive ? freeSlotsOf(known, kind) : 0;
  }
}

/** Whether a worker of this service wants, and may have, further jobs. */
export function takesJobs({ draining, admission }: ConnectedWorker): boolean {
  return !draining && admission === "open";
}

function freeSlotsOf({ slots, hostKinds, running }: WorkerAvailability, kind: HostKind): number {
  const all = Object.values(running).reduce((sum, jobs) => sum + jobs, 0);
  const ofKind = hostKinds.find((offer) => offer.kind === kind);
  return ofKind === undefined ? 0 : Math.max(0, Math.min(slots - all, (ofKind.slots ?? slots) - (running[kind] ?? 0)));
}

/** Whether it has its link to this service. */
export function isConnected(worker: PlacedWorker): worker is ConnectedWorker {
  return "send" in worker;
}
