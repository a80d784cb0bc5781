const dayLength = 86_400_000;

/** A stretch of time in which a zone's clocks are ahead of UTC by the same. All milliseconds; `to` is not included. */
interface Span {
  from: number;
  to: number;
  offset: number;
}

/** What the clocks of a zone show: the day (see civil-day.ts) and the second in it. */
export interface WallTime {
  day: number;
  second: number;
}

const spansKept = 64;

/**
 * The wall clock of an IANA time zone. A wall time becomes a moment by one rule, which every schedule has:
 *
 * - one that the clocks show once is that moment;
 * - one that they skip (when daylight saving begins) is the first moment after the skipped ones;
 * - one that they show twice (when it ends) is the first of both.
 *
 * So the order of wall times is the order of their moments, and each has one.
 */
export class ZoneClock {
  /** As IANA writes it. */
  readonly zone: string;
  readonly #spans: Span[] = [];

  /** @throws RangeError when there is no such zone */
  constructor(zone: string) {
    this.zone = new Temporal.ZonedDateTime(0n, zone).timeZoneId;
  }

  /** What the clocks show at a moment; fractions of a second are cut. */
  wallTime(moment: number): WallTime {
    const local = moment + this.#spanAt(moment).offset;
    const day = Math.floor(local / dayLength);
    return { day, second: Math.floor((local - day * dayLength) / 1000) };
  }

  /** The moment of a wall time. */
  moment(wall: WallTime): number {
    const local = localTime(wall);
    // No clock is as far from UTC as a day, so the first span begins before the wall time does.
    for (let span = this.#spanAt(local - 2 * dayLength); ; span = this.#spanAt(span.to)) {
      const moment = local - span.offset;
      if (moment < span.to) {
        return Math.max(moment, span.from);
      }
    }
  }

  /** When the clocks show what is between two wall times, `to` not included: more than once where they repeat some of it. */
  shown(from: WallTime, to: WallTime): { from: number; to: number }[] {
    const [first, end] = [localTime(from), localTime(to)];
    const stretches: { from: number; to: number }[] = [];
    for (
      let span = this.#spanAt(first - 2 * dayLength);
      span.from < end + 2 * dayLength;
      span = this.#spanAt(span.to)
    ) {
      const stretch = {
        from: Math.max(first - span.offset, span.from),
        to: Math.min(end - span.offset, span.to),
      };
      if (stretch.from < stretch.to) {
        stretches.push(stretch);
      }
      if (span.to === Number.POSITIVE_INFINITY) {
        break;
      }
    }
    return stretches;
  }

  /** A moment as people of the zone read it, such as `2026-03-29T03:00:00+02:00[Europe/Paris]`. */
  text(moment: number): string {
    return Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(this.zone).toString();
  }

  #spanAt(moment: number): Span {
    const known = this.#spans.find(({ from, to }) => from <= moment && moment < to);
    if (known !== undefined) {
      return known;
    }
    const at = Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(this.zone);
    const next = at.getTimeZoneTransition("next");
    // The one before the next moment may be this moment itself.
    const last = at.add({ milliseconds: 1 }).getTimeZoneTransition("previous");
    const span = {
      from: last === null ? Number.NEGATIVE_INFINITY : last.epochMilliseconds,
      to: next === null ? Number.POSITIVE_INFINITY : next.epochMilliseconds,
      offset: at.offsetNanoseconds / 1_000_000,
    };
    if (this.#spans.length === spansKept) {
      this.#spans.shift();
    }
    this.#spans.push(span);
    return span;
  }
}

/** Of a clock that nobody ever sets, in milliseconds. */
function localTime({ day, second }: WallTime): number {
  return day * dayLength + second * 1000;
}
