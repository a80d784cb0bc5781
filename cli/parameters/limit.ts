import { UserError } from "../../src/contract/user-error.ts";
import type { Invocation } from "../command.ts";

/** What `--limit` says. @throws UserError `invalid-number` */
export function readLimit(invocation: Invocation): number {
  const limit = Number(invocation.text("limit"));
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UserError("invalid-number", `--limit takes a whole number from 1, not "${invocation.text("limit")}".`);
  }
  return limit;
}
