import type { DispatchHoldScope } from "../../contract/api/dispatch.ts";
import type { Placement } from "../../contract/api/placement.ts";
import type { HostKindOffer } from "../../contract/link/control-frames.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import type { JobEffects } from "./jobs.ts";

/** A placement as it is stored; it never changes. The jobs of one placement are one queue. */
export interface StoredPlacement extends Placement {
  placementId: string;
  hostKind: HostKind;
}

/** That an operator keeps jobs from being given out. */
export interface StoredDispatchHold {
  scope: DispatchHoldScope;
  /** The group's name or the runbook's id; the empty text for `all`. */
  subject: string;
  /** The runbook's name; null for another scope. */
  runbookName: string | null;
  reason: string;
  heldBy: string;
  heldAt: number;
}

/** Whether, and since when not, a worker can take jobs, as the whole installation knows it. */
export interface WorkerAvailability {
  workerId: string;
  name: string;
  group: string;
  tags: string[];
  hostKinds: HostKindOffer[];
  slots: number;
  /** It has a lease that has not ended, whether it takes jobs or not. */
  connected: boolean;
  /** Connected, not draining, not cordoned. */
  available: boolean;
  /** Heard of within half a lease: a heartbeat comes every quarter. */
  responsive: boolean;
  /** Since when it is not; null while it is. */
  unavailableSince: number | null;
  /** Open jobs that it has, by host kind. */
  running: Partial<Record<HostKind, number>>;
}

/** What those who give out jobs have to know of the whole installation. */
export interface DispatchState {
  /** The database's time. */
  now: number;
  /** Placements that hold a waiting job now. */
  waiting: string[];
  holds: StoredDispatchHold[];
  workers: WorkerAvailability[];
  /** All placements; null when there are as many as the caller knows already. */
  placements: StoredPlacement[] | null;
}

export interface DispatchReads {
  /** @param of.knownPlacements how many placements the caller knows; they are only ever added */
  dispatchState(of: { knownPlacements: number }): DispatchState;
  dispatchHolds(): StoredDispatchHold[];
}

export interface DispatchWrites {
  /**
   * Holds dispatch: from its commit on no claim gives out a job that it concerns. A hold that is there already gets the new reason.
   * `subject` of a runbook is its id or name.
   * @throws UserError `runbook-not-found` (404)
   */
  holdDispatch(of: { scope: DispatchHoldScope; subject: string; reason: string; heldBy: string }): StoredDispatchHold;

  /**
   * Ends a hold; null when there was none. Jobs of a runbook wait in its parking place until `releaseParkedJobs`.
   * @throws UserError `runbook-not-found` (404)
   */
  releaseDispatch(of: { scope: DispatchHoldScope; subject: string }): StoredDispatchHold | null;

  /**
   * Moves jobs of a held runbook out of the queue; looks at the next `limit` jobs of the whole queue behind `after`.
   * `next` is where to go on, null at the end of the queue.
   */
  parkHeldJobs(of: { runbookId: string; after: string | null; limit: number }): {
    effects: JobEffects;
    next: string | null;
  };
}
