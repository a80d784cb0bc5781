import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";

/** As long as SMA's clients take. */
const longestName = 128;

/**
 * Checks the name of a new schedule or calendar and gives it in Unicode normal form C.
 * @param thing `schedule` or `calendar`
 * @throws UserError `invalid-schedule` (422)
 */
export function checkedName(thing: string, given: string): string {
  const name = given.normalize("NFC");
  const fault =
    name.trim() === "" || name.trim() !== name
      ? "is empty or has blanks at its ends"
      : name.length > longestName
        ? `has more than ${longestName} characters`
        : /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/]/u.test(name)
          ? "holds a slash or a sign that cannot be seen"
          : looksLikeId(name)
            ? "looks like an id"
            : undefined;
  if (fault !== undefined) {
    throw invalidSchedule("/name", `The name of the ${thing} ${fault}.`);
  }
  return name;
}

export function invalidSchedule(pointer: string, message: string, remedy?: string): UserError {
  return new UserError("invalid-schedule", message, {
    status: 422,
    remedy: remedy ?? "Mend what is named, and send it again; docs/schedules.md tells what schedules may be.",
    errors: [{ pointer, message }],
  });
}
