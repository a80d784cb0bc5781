import { UserError } from "../../src/contract/user-error.ts";

/** The zone of this machine. */
export function machineTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * A moment as the API takes it. A text without an offset is read on the clock of a zone.
 * @throws UserError `usage`
 */
export function readMoment(text: string, timeZone: string): string {
  const given = text.trim();
  try {
    const moment = /(?:z|[+-]\d\d:?\d\d)$/i.test(given)
      ? Temporal.Instant.from(given)
      : Temporal.PlainDateTime.from(given).toZonedDateTime(timeZone).toInstant();
    return new Date(moment.epochMilliseconds).toISOString();
  } catch {
    throw new UserError("usage", `"${text}" is no moment, or "${timeZone}" is no time zone.`, {
      remedy:
        "Write it as 2026-12-24T07:30, on the clock of the time zone, or with its offset: 2026-12-24T07:30+01:00.",
    });
  }
}
