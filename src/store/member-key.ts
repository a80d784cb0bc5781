import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import { idToBytes } from "./id-bytes.ts";

/* Where a page of a group's members ends: the last member and its source, as `ID source`. */

export function memberKey(last: { principalId: string; source: string } | undefined): string | null {
  return last === undefined ? null : `${last.principalId} ${last.source}`;
}

/** @throws UserError `invalid-request` for what no page gave */
export function memberKeyOf(after: string | undefined): { memberId: Uint8Array; source: string } {
  if (after === undefined) {
    return { memberId: new Uint8Array(16), source: "" };
  }
  const [memberId = "", ...source] = after.split(" ");
  if (!looksLikeId(memberId)) {
    throw new UserError("invalid-request", "`after` is not the `next` of a page of members.", {
      remedy: "Send the `next` of the page before, or leave it out.",
    });
  }
  return { memberId: idToBytes(memberId.toLowerCase()), source: source.join(" ") };
}
