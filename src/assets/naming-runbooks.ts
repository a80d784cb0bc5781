import type { StoredAssetKind } from "../contract/api/asset.ts";
import { assetsNamedIn } from "../language/named-assets.ts";
import { assetNameKey } from "../store/asset-name-key.ts";
import type { PublishedScript } from "../store/operations/assets.ts";
import type { Store } from "../store/store.ts";

const scriptsAtOnce = 20;

/** A published runbook that names an asset. */
export type NamingRunbook = Pick<PublishedScript, "runbookId" | "runbookName" | "folderId">;

/** The published runbooks that name an asset literally, at most `most`. */
export async function runbooksNaming(
  store: Pick<Store, "read">,
  { kind, name }: { kind: StoredAssetKind; name: string },
  most: number,
): Promise<NamingRunbook[]> {
  if (kind === "connection-type" || kind === "vault") {
    return [];
  }
  const users: NamingRunbook[] = [];
  let after: string | null = null;
  do {
    const scripts = await store.read.scriptsNaming({ text: name, after, limit: scriptsAtOnce });
    for (const { runbookId, runbookName, folderId, runbookKind, executable } of scripts) {
      const named = assetsNamedIn(executable, runbookKind);
      if (named.some((asset) => asset.kind === kind && assetNameKey(asset.name) === assetNameKey(name))) {
        users.push({ runbookId, runbookName, folderId });
      }
    }
    after = scripts.length < scriptsAtOnce ? null : (scripts.at(-1)?.runbookId ?? null);
  } while (after !== null && users.length < most);
  return users.slice(0, most);
}
