import { bytesToId } from "./id-bytes.ts";
import { timeOfId } from "./new-id.ts";
import type { LateJobs } from "./operations/notices.ts";

/*
 * How far a notice rule's looks for late jobs go. A look that only went on behind the last job that it saw would pass over some for
 * ever: ids and times are taken before the commit, and ids by the clocks of the services. So each look goes back behind its rule's
 * position, which is a time of the database, and what it has looked at there is kept by job (`notice_late_jobs`).
 */

/** Milliseconds by which a look goes back: services' clocks differ by less, and no acceptance or claim takes as long. */
const lookBack = 600_000;

/**
 * The first time that is looked at, and kept; milliseconds since the epoch.
 * @param position of the rule, at most `now`; null before its first look
 * @param now of the database
 */
export function lookFrom(position: number | null, now: number): number {
  // The database's clock may have been put back.
  return position === null ? 0 : Math.max(0, Math.min(position, now) - lookBack);
}

/** Behind the time in the id of any job that was accepted until then; milliseconds since the epoch. */
export function lookUntil(acceptedUntil: number): number {
  return acceptedUntil + lookBack;
}

/** The position of a rule that has now looked at jobs which wait, or run, since these times. */
export function positionAfter(position: number | null, now: number, times: readonly number[]): number {
  return times.reduce((latest, time) => Math.max(latest, time), Math.min(position ?? 0, now));
}

/** How far a rule's looks for late jobs have come, as both databases give it. */
export interface LatePositionsRow {
  /** An id, of which only the time counts: programs of before went by ids. */
  start_late_seen: Uint8Array | null;
  running_long_seen_at: number | null;
}

/** Milliseconds since the epoch; null before the first look. */
export function toLatePositions({
  start_late_seen: seen,
  running_long_seen_at,
}: LatePositionsRow): Record<LateJobs["event"], number | null> {
  return {
    "job-start-late": seen === null ? null : timeOfId(bytesToId(seen)),
    "job-running-long": running_long_seen_at,
  };
}
