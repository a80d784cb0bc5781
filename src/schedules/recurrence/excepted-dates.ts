import type { PermittedTime } from "./permitted-time.ts";
import type { ZoneClock } from "./zone-clock.ts";

/** All but some days (numbers as in civil-day.ts) of a zone's calendar. */
export class ExceptedDates implements PermittedTime {
  readonly #clock: ZoneClock;
  readonly #days: ReadonlySet<number>;

  constructor(clock: ZoneClock, days: Iterable<number>) {
    this.#clock = clock;
    this.#days = new Set(days);
  }

  from(moment: number, last: number): number | undefined {
    let { day } = this.#clock.wallTime(moment);
    if (!this.#days.has(day)) {
      return moment;
    }
    while (this.#days.has(day)) {
      day += 1;
    }
    const found = this.#clock.moment({ day, second: 0 });
    return found <= last ? found : undefined;
  }
}
