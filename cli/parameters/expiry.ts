import { parseDuration } from "../output/quantities.ts";

/** When something ends that begins now: after a duration such as `30d`, or null for `never`. Throws `UserError` (`invalid-duration`). */
export function expiryAfter(text: string): string | null {
  return text.trim().toLowerCase() === "never" ? null : new Date(Date.now() + parseDuration(text)).toISOString();
}
