import { highestPriority, lowestPriority } from "../../src/contract/api/placement.ts";
import { UserError } from "../../src/contract/user-error.ts";

/** A priority as it was typed. Throws `UserError` for what is none. */
export function parsePriority(text: string): number {
  const priority = Number(text);
  if (/^[+-]?\d{1,3}$/.test(text.trim()) && priority >= lowestPriority && priority <= highestPriority) return priority;
  throw new UserError("invalid-number", `A priority is a whole number, not "${text}".`, {
    remedy: `Give one from ${lowestPriority} to ${highestPriority}; the larger goes first, 0 is usual.`,
  });
}
