import type { AssetUser, StoredAssetKind } from "../contract/api/asset.ts";
import { UserError } from "../contract/user-error.ts";

/* What is refused of assets, on every database. */

/** How people call a kind of asset. */
export function nounOf(kind: StoredAssetKind): string {
  return kind.replaceAll("-", " ");
}

export function assetExists(kind: StoredAssetKind, name: string): UserError {
  return new UserError("asset-exists", `There is a ${nounOf(kind)} named ${name} already.`, {
    status: 409,
    remedy: `Choose another name, or change that one: npx runsmith set-${kind} ${JSON.stringify(name)}`,
  });
}

export function noSuchAsset(kind: StoredAssetKind, asset: string): UserError {
  return new UserError("asset-not-found", `There is no ${nounOf(kind)} ${asset}.`, {
    status: 404,
    remedy: `Check the name: \`npx runsmith get-${kind}\` lists them.`,
  });
}

export function assetChanged(kind: StoredAssetKind, name: string): UserError {
  return new UserError("revision-mismatch", `The ${nounOf(kind)} ${name} was changed meanwhile.`, {
    status: 412,
    remedy: "Read it again, and decide on what it is now.",
  });
}

/** @param users some of those that use it; `further` ones may not be named */
export function assetInUse(kind: StoredAssetKind, name: string, users: readonly AssetUser[], further = 0): UserError {
  const named = [
    ...users.map((user) => `the ${user.kind === "runbook" ? "runbook" : nounOf(user.kind)} ${user.name}`),
    ...(further > 0 ? [`${further} that you may not see`] : []),
  ];
  return new UserError("asset-in-use", `The ${nounOf(kind)} ${name} is used by ${named.join(", ")}.`, {
    status: 409,
    remedy: "Change these first, or remove it all the same (--force): they then fail where they need it.",
    errors: named.map((message) => ({ pointer: "", message: `used by ${message}` })),
  });
}

/** What an asset was checked by, such as its connection type, was changed between the check and the write. */
export function checkedByFormer(kind: StoredAssetKind): UserError {
  return new UserError("checked-by-former", `The ${nounOf(kind)} is being changed at the same time.`, {
    status: 409,
    remedy: "Try again.",
  });
}

/** What others are made with stays as they were checked by it. */
export function keptWhileUsed(kind: StoredAssetKind, name: string): UserError {
  return new UserError(
    "asset-in-use",
    `There are assets that are made with the ${nounOf(kind)} ${name}, and were checked and sealed as it says, so it stays.`,
    { status: 409, remedy: "Add optional fields only, or make a new type and connections of it." },
  );
}
