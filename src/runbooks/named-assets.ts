import { permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import { principalOf } from "../access/principal-of.ts";
import { UserError } from "../contract/user-error.ts";
import type { NamedAsset } from "../language/named-assets.ts";
import { assetsNamedIn } from "../language/named-assets.ts";
import type { StoredRunbook } from "../store/operations/runbooks.ts";
import type { Store } from "../store/store.ts";
import { scriptText } from "./script-source.ts";

/**
 * Refuses a draft that names assets which its jobs would not get. What is not there is refused in the same words as what may not be used,
 * so that nobody learns names by publishing, but for those who may read everything.
 * @param runAs id of the principal that its jobs will act as
 * @throws UserError `assets-not-usable` (409)
 */
export async function refuseUnusableAssets(
  store: Pick<Store, "read">,
  { runbookId, name, kind }: Pick<StoredRunbook, "runbookId" | "name" | "kind">,
  runAs: string,
  caller: Principal,
): Promise<void> {
  const draft = await store.read.runbookVersionContent({ runbook: runbookId, version: "draft" });
  const named = draft === null ? [] : assetsNamedIn(scriptText(draft.source), kind);
  if (named.length === 0) {
    return;
  }
  const stored = await store.read.actingPrincipal({ principalId: runAs });
  const unusable: NamedAsset[] = [];
  const absent: NamedAsset[] = [];
  const mayKnow = permits(caller, "read", { kind: "everything" });
  for (const asset of named) {
    const found = await store.read.asset({ kind: asset.kind, asset: asset.name });
    const target = { kind: "asset", assetKind: asset.kind, assetId: found?.assetId ?? "" } as const;
    if (found === null && mayKnow) {
      absent.push(asset);
    } else if (stored === null || found === null || !permits(principalOf(stored), "use", target)) {
      unusable.push(asset);
    }
  }
  if (absent.length + unusable.length > 0) {
    const runAsName = stored?.name ?? "nobody";
    throw new UserError("assets-not-usable", refusal(name, { absent, unusable, runAsName, mayKnow }), {
      status: 409,
      remedy: [
        ...(absent.length > 0 || !mayKnow ? ["Make what is missing."] : []),
        ...(unusable.length > 0
          ? [
              `Let ${runAsName} use it (new-right --role operator), or let jobs act as another principal (set-runbook --run-as).`,
            ]
          : []),
        "Or publish all the same (--assets-later): each use is checked again.",
      ].join(" "),
      errors: [
        ...absent.map((asset) => ({ pointer: pointerOf(asset), message: "is not there" })),
        ...unusable.map((asset) => ({ pointer: pointerOf(asset), message: "may not be used" })),
      ],
    });
  }
}

interface Refused {
  absent: NamedAsset[];
  unusable: NamedAsset[];
  runAsName: string;
  mayKnow: boolean;
}

function refusal(runbook: string, { absent, unusable, runAsName, mayKnow }: Refused): string {
  const names = (assets: NamedAsset[]) => assets.map((asset) => `the ${asset.kind} ${asset.name}`).join(", ");
  const isThere = absent.length === 1 ? "is" : "are";
  const parts = [
    ...(absent.length > 0 ? [`${names(absent)}, which ${isThere} not there`] : []),
    ...(unusable.length > 0
      ? [
          `${names(unusable)}, which ${runAsName}, whom its jobs act as, may not use${mayKnow ? "" : ", or which is not there"}`,
        ]
      : []),
  ];
  return `The script of ${runbook} names ${parts.join("; and ")}.`;
}

function pointerOf({ kind, name }: NamedAsset): string {
  return `/${kind}/${name}`;
}
