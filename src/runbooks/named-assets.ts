import { permits } from "../access/authorize.ts";
import { principalOf } from "../access/principal-of.ts";
import { UserError } from "../contract/user-error.ts";
import type { NamedAsset } from "../language/named-assets.ts";
import { assetsNamedIn } from "../language/named-assets.ts";
import type { StoredRunbook } from "../store/operations/runbooks.ts";
import type { Store } from "../store/store.ts";
import { scriptText } from "./script-source.ts";

/**
 * Refuses a draft that names assets which its jobs would not get. What is not there is refused in the same words as what may not be used,
 * so that nobody learns names by publishing.
 * @param runAs id of the principal that its jobs will act as
 * @throws UserError `assets-not-usable` (409)
 */
export async function refuseUnusableAssets(
  store: Pick<Store, "read">,
  { runbookId, name, kind }: Pick<StoredRunbook, "runbookId" | "name" | "kind">,
  runAs: string,
): Promise<void> {
  const draft = await store.read.runbookVersionContent({ runbook: runbookId, version: "draft" });
  const named = draft === null ? [] : assetsNamedIn(scriptText(draft.source), kind);
  if (named.length === 0) {
    return;
  }
  const stored = await store.read.actingPrincipal({ principalId: runAs });
  const unusable: NamedAsset[] = [];
  for (const asset of named) {
    const found = await store.read.asset({ kind: asset.kind, asset: asset.name });
    const target = { kind: "asset", assetKind: asset.kind, assetId: found?.assetId ?? "" } as const;
    if (stored === null || found === null || !permits(principalOf(stored), "use", target)) {
      unusable.push(asset);
    }
  }
  if (unusable.length > 0) {
    const names = unusable.map((asset) => `the ${asset.kind} ${asset.name}`).join(", ");
    throw new UserError(
      "assets-not-usable",
      `The script of ${name} names ${names}, which ${stored?.name ?? "nobody"}, whom its jobs act as, may not use, or which is not there.`,
      {
        status: 409,
        remedy:
          "Make it, or let that principal use it (new-right --role operator), or let jobs act as another one (set-runbook --run-as); or publish all the same (--assets-later): each use is checked again.",
        errors: unusable.map((asset) => ({ pointer: `/${asset.kind}/${asset.name}`, message: "may not be used" })),
      },
    );
  }
}
