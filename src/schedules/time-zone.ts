import { invalidSchedule } from "./schedule-names.ts";

/**
 * An IANA time zone as IANA writes it. Offsets such as `+02:00` are refused: they know nothing of daylight saving.
 * @throws UserError `invalid-schedule` (422)
 */
export function checkedTimeZone(given: string): string {
  try {
    if (!/^[+-]/.test(given)) {
      return new Temporal.ZonedDateTime(0n, given).timeZoneId;
    }
  } catch {
    // Said below.
  }
  throw invalidSchedule(
    "/timeZone",
    `"${given}" is no time zone.`,
    "Name one as IANA does, such as Europe/Paris, America/New_York or UTC.",
  );
}
