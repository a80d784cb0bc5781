/** Times of day at which something is due, in seconds since midnight. */
export interface TimesOfDay {
  /** The first one at or after this second; undefined when none is left of the day. */
  from(second: number): number | undefined;
}

/** Single times. */
export class ListedTimes implements TimesOfDay {
  readonly #seconds: readonly number[];

  constructor(seconds: readonly number[]) {
    this.#seconds = [...new Set(seconds)].sort((a, b) => a - b);
  }

  from(second: number): number | undefined {
    return this.#seconds.find((time) => time >= second);
  }
}

/** Every combination of hours, minutes and seconds; each list is in order, with one member at least. */
export class CombinedTimes implements TimesOfDay {
  readonly #hours: readonly number[];
  readonly #minutes: readonly number[];
  readonly #seconds: readonly number[];

  constructor(of: { hours: readonly number[]; minutes: readonly number[]; seconds: readonly number[] }) {
    this.#hours = of.hours;
    this.#minutes = of.minutes;
    this.#seconds = of.seconds;
  }

  from(second: number): number | undefined {
    const firstMinute = this.#minutes[0] ?? 0;
    const firstSecond = this.#seconds[0] ?? 0;
    const startHour = Math.floor(second / 3600);
    for (const hour of this.#hours) {
      if (hour > startHour) {
        return hour * 3600 + firstMinute * 60 + firstSecond;
      }
      if (hour < startHour) {
        continue;
      }
      const startMinute = Math.floor(second / 60) % 60;
      for (const minute of this.#minutes) {
        if (minute > startMinute) {
          return hour * 3600 + minute * 60 + firstSecond;
        }
        const found = minute < startMinute ? undefined : this.#seconds.find((value) => value >= second % 60);
        if (found !== undefined) {
          return hour * 3600 + minute * 60 + found;
        }
      }
    }
    return undefined;
  }
}
