import { isoTime } from "../contract/api/iso-time.ts";
import type { ForecastResource } from "../contract/api/schedule.ts";
import type { StoredSchedule, StoredScheduleLink } from "../store/operations/schedules.ts";
import type { DueTimes } from "./recurrence/due-times.ts";
import { jitterOf } from "./recurrence/jitter.ts";

/** A link whose runs are forecast. */
export interface ForecastLink {
  link: StoredScheduleLink;
  schedule: StoredSchedule;
  times: DueTimes;
}

/** Where a page of a forecast ended. */
export interface ForecastKey {
  dueAt: number;
  linkId: string;
}

/**
 * The runs of links after `from` and up to `to`, in the order of their due times and then of their links, `limit` at most.
 * @param after leaves out what is up to this one
 */
export function forecast(
  links: readonly ForecastLink[],
  { from, to, after, limit }: { from: number; to: number; after: ForecastKey | undefined; limit: number },
): { items: ForecastResource[]; next: ForecastKey | null } {
  const start = after === undefined ? from : Math.max(from, after.dueAt - 1);
  const heads = links.flatMap((of) => {
    const dueAt = of.times.after(start);
    return dueAt === null || dueAt > to ? [] : [{ ...of, dueAt }];
  });
  const items: ForecastResource[] = [];
  let last: ForecastKey | null = null;
  while (heads.length > 0) {
    const head = heads.reduce((first, other) => (isBefore(keyOf(other), keyOf(first)) ? other : first));
    const key = keyOf(head);
    if (after === undefined || isBefore(after, key)) {
      if (items.length === limit) {
        return { items, next: last };
      }
      items.push(resourceOf(head, head.dueAt));
      last = key;
    }
    const next = head.times.after(head.dueAt);
    if (next === null || next > to) {
      heads.splice(heads.indexOf(head), 1);
    } else {
      head.dueAt = next;
    }
  }
  return { items, next: null };
}

function keyOf({ link, dueAt }: { link: StoredScheduleLink; dueAt: number }): ForecastKey {
  return { dueAt, linkId: link.linkId };
}

function isBefore(one: ForecastKey, other: ForecastKey): boolean {
  return one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.linkId < other.linkId);
}

function resourceOf({ link, schedule, times }: ForecastLink, dueAt: number): ForecastResource {
  return {
    dueAt: isoTime(dueAt),
    localTime: times.clock.text(dueAt),
    startsAt: isoTime(dueAt + jitterOf(link.linkId, dueAt, schedule.jitter)),
    linkId: link.linkId,
    scheduleId: link.scheduleId,
    scheduleName: link.scheduleName,
    runbookId: link.runbookId,
    runbookName: link.runbookName,
  };
}
