import type { AssetUser, StoredAssetKind } from "../contract/api/asset.ts";
import { assetsNamedIn } from "../language/named-assets.ts";
import { assetNameKey } from "../store/asset-name-key.ts";
import type { Store } from "../store/store.ts";

const scriptsAtOnce = 20;

/** The published runbooks that name an asset literally, at most `most`. */
export async function runbooksNaming(
  store: Pick<Store, "read">,
  { kind, name }: { kind: StoredAssetKind; name: string },
  most: number,
): Promise<AssetUser[]> {
  if (kind === "connection-type" || kind === "vault") {
    return [];
  }
  const users: AssetUser[] = [];
  let after: string | null = null;
  do {
    const scripts = await store.read.scriptsNaming({ text: name, after, limit: scriptsAtOnce });
    for (const { runbookId, runbookName, runbookKind, executable } of scripts) {
      const named = assetsNamedIn(executable, runbookKind);
      if (named.some((asset) => asset.kind === kind && assetNameKey(asset.name) === assetNameKey(name))) {
        users.push({ kind: "runbook", id: runbookId, name: runbookName });
      }
    }
    after = scripts.length < scriptsAtOnce ? null : (scripts.at(-1)?.runbookId ?? null);
  } while (after !== null && users.length < most);
  return users.slice(0, most);
}
