import { UserError } from "../contract/user-error.ts";
import type { RightOn } from "../store/operations/rights.ts";
import type { Store } from "../store/store.ts";
import type { AssetKind, Target } from "./permission.ts";
import { assetKinds } from "./permission.ts";

/** A thing that rights can be on, as the store names it and as decisions do. */
export interface FoundSubject {
  on: RightOn;
  target: Target;
}

/** What the rights ask of assets, which they name by their ids. */
export interface AssetNames {
  /** Null when there is none of that name. */
  idOf(of: { kind: AssetKind; name: string }): Promise<string | null>;
  /** Null when it is gone. */
  nameOf(of: { kind: AssetKind; assetId: string }): Promise<string | null>;
}

const kinds = ["folder", "runbook", "worker-group", ...assetKinds] as const;
const pattern = new RegExp(`^(${kinds.join("|")}):(.+)$`);

/**
 * What a text names: `everything`, `folder:PATH`, `runbook:NAME`, `worker-group:NAME`, or an asset by its kind, such as `credential:NAME`.
 * @throws UserError `invalid-right` (400), `right-subject-not-found` (404)
 */
export async function namedSubject(
  store: Pick<Store, "read">,
  assets: AssetNames | null,
  text: string,
): Promise<FoundSubject> {
  if (text === "everything") {
    return { on: { scope: "everything", id: null, name: null, assetKind: null }, target: { kind: "everything" } };
  }
  const [, kind, name = ""] = pattern.exec(text) ?? [];
  switch (kind) {
    case undefined:
      throw new UserError("invalid-right", `"${text}" names nothing that a right can be on.`, {
        remedy: `Write everything, or one of ${kinds.map((one) => `${one}:NAME`).join(", ")}.`,
        errors: [{ pointer: "/on", message: "names no thing" }],
      });
    case "folder": {
      const folder = (await store.read.folder({ folder: name })) ?? subjectNotFound(text);
      const { folderId } = folder;
      return {
        on: { scope: "folder", id: folderId, name: null, assetKind: null },
        target: { kind: "folder", folderId },
      };
    }
    case "runbook": {
      const runbook = (await store.read.runbook({ runbook: name })) ?? subjectNotFound(text);
      const { runbookId, folderId } = runbook;
      return {
        on: { scope: "runbook", id: runbookId, name: null, assetKind: null },
        target: { kind: "runbook", runbookId, folderId },
      };
    }
    case "worker-group": {
      const group = (await store.read.workerGroup({ name })) ?? subjectNotFound(text);
      return {
        on: { scope: "worker-group", id: null, name: group.name, assetKind: null },
        target: { kind: "worker-group", name: group.name },
      };
    }
    default: {
      const assetKind = kind as AssetKind;
      const assetId = (await assets?.idOf({ kind: assetKind, name })) ?? subjectNotFound(text);
      return {
        on: { scope: "asset", id: assetId, name: null, assetKind },
        target: { kind: "asset", assetKind, assetId },
      };
    }
  }
}

export function subjectNotFound(text: string): never {
  throw new UserError("right-subject-not-found", `There is no ${text.replace(":", " ")}.`, {
    status: 404,
    remedy: "Check the name.",
  });
}
