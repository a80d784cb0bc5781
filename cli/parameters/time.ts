import { UserError } from "../../src/contract/user-error.ts";
import { parseDuration } from "../output/quantities.ts";

/** A time in ISO 8601 of what an option says: a time, or how long ago it was. @throws UserError `invalid-time` */
export function readTime(option: string, text: string): string {
  if (/^\d+(\.\d+)?(ms|s|m|h|d)/.test(text)) return timeAgo(text);
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw new UserError("invalid-time", `--${option} takes a time, not "${text}".`, {
    remedy: "Write it in ISO 8601, such as 2031-05-01T08:00:00Z, or how long ago it was, such as 2h.",
  });
}

/** The time so long ago, such as `2h`. @throws UserError `invalid-duration` */
export function timeAgo(duration: string): string {
  return new Date(Date.now() - parseDuration(duration)).toISOString();
}
