import type { StoredAssetKind } from "../contract/api/asset.ts";
import { assetNamePattern, longestAssetName } from "../contract/assets.ts";
import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import { nounOf } from "../store/asset-refusals.ts";

const pattern = new RegExp(assetNamePattern, "u");
const longestVaultName = 128;

/**
 * Checks the name of an asset and gives it in Unicode normal form C.
 * @throws UserError `invalid-asset-name`, which says what is wrong
 */
export function checkedAssetName(kind: StoredAssetKind, given: string): string {
  const name = given.normalize("NFC");
  const longest = kind === "vault" ? longestVaultName : longestAssetName[kind];
  const fault =
    name.length > longest
      ? `has more than ${longest} characters`
      : !pattern.test(name)
        ? "is empty, begins or ends with a blank, or holds what cannot be printed"
        : looksLikeId(name)
          ? "looks like an id"
          : null;
  if (fault !== null) {
    throw new UserError("invalid-asset-name", `That cannot be the name of a ${nounOf(kind)}: it ${fault}.`, {
      remedy: `Use 1 to ${longest} printable characters without blanks at the ends.`,
      errors: [{ pointer: "/name", message: fault }],
    });
  }
  return name;
}
