import { isoTime } from "../contract/api/iso-time.ts";
import type { Page } from "../contract/api/page.ts";
import type { RightResource, RightsRole } from "../contract/api/right.ts";
import { isId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredRight } from "../store/operations/rights.ts";
import type { Store } from "../store/store.ts";
import { authorize, permits } from "./authorize.ts";
import { namedPrincipal } from "./named-principal.ts";
import type { AssetKind, Target } from "./permission.ts";
import type { Principal } from "./principal.ts";
import type { AssetNames } from "./right-subject.ts";
import { namedSubject, subjectNotFound } from "./right-subject.ts";

export interface RightsQuery {
  /** Id or name of a principal. */
  principal?: string;
  /** As `namedSubject` reads it. */
  on?: string;
  after?: string;
  limit: number;
}

export interface RightsOptions {
  store: Pick<Store, "read" | "write">;
  /** What a principal may do has changed: whatever is remembered of it is wrong. */
  changed(principalId: string): void;
  /** Null where there are no assets. */
  assets?: AssetNames | null;
}

/** Who may do what on which things. Whoever may administer a thing gives and takes the rights on it. */
export class RightsFeature {
  readonly #options: RightsOptions;

  constructor(options: RightsOptions) {
    this.#options = options;
  }

  /**
   * In the order in which they were given: those on things that the caller may administer. A page may hold few, or none, and still
   * have a next one.
   * @throws UserError `principal-not-found`, `right-subject-not-found` (404), `invalid-right`, `invalid-page-key`
   */
  async list({ principal, on, after, limit }: RightsQuery, caller: Principal): Promise<Page<RightResource>> {
    const { store, assets = null } = this.#options;
    if (after !== undefined && !isId(after)) {
      throw new UserError("invalid-page-key", "The key of the page is not one that a page gave.", {
        remedy: "Use `next` of the page before, or leave `after` out.",
      });
    }
    const page = await store.read.rights({
      ...(principal !== undefined && { principalId: (await namedPrincipal(store, principal)).principalId }),
      ...(on !== undefined && { on: (await namedSubject(store, assets, on)).on }),
      ...(after !== undefined && { after }),
      limit,
    });
    const items: RightResource[] = [];
    for (const right of page.items) {
      if (permits(caller, "administer", await this.#targetOf(right))) {
        items.push(await this.#resource(right));
      }
    }
    return { items, next: page.next };
  }

  /** @throws UserError `right-not-found` (404) */
  async get(rightId: string, caller: Principal): Promise<RightResource> {
    return this.#resource(await this.#find(rightId, caller));
  }

  /**
   * Gives a role on something; it takes the place of another role of that principal on the same thing.
   * @throws UserError `principal-not-found`, `right-subject-not-found` (404), `principal-ambiguous` (409), `invalid-right`,
   * `not-permitted` (403)
   */
  async give(
    right: { principal: string; role: RightsRole; on: string },
    caller: Principal,
  ): Promise<{ right: RightResource; created: boolean }> {
    const { store, assets = null, changed } = this.#options;
    const { on, target } = await namedSubject(store, assets, right.on);
    if (target.kind !== "everything" && !permits(caller, "read", target)) {
      subjectNotFound(right.on);
    }
    authorize(caller, "administer", target, right.on.replace(":", " "));
    const { principalId } = await namedPrincipal(store, right.principal);
    const given = await store.write.giveRight({ principalId, role: right.role, on, givenBy: caller.name });
    changed(principalId);
    return { right: await this.#resource(given.right), created: given.created };
  }

  /** @throws UserError `right-not-found` (404) */
  async take(rightId: string, caller: Principal): Promise<void> {
    const { store, changed } = this.#options;
    const right = await this.#find(rightId, caller);
    await store.write.takeRight({ rightId: right.rightId });
    changed(right.principalId);
  }

  async #find(rightId: string, caller: Principal): Promise<StoredRight> {
    const id = rightId.toLowerCase();
    const right = isId(id) ? await this.#options.store.read.right({ rightId: id }) : null;
    if (right === null || !permits(caller, "administer", await this.#targetOf(right))) {
      throw new UserError("right-not-found", `There is no right ${rightId}.`, {
        status: 404,
        remedy: "List the rights: npx runsmith get-right.",
      });
    }
    return right;
  }

  async #targetOf({ on: { scope, id, name, assetKind } }: StoredRight): Promise<Target> {
    switch (scope) {
      case "folder":
        return { kind: "folder", folderId: id ?? "" };
      case "runbook": {
        const runbook = await this.#options.store.read.runbook({ runbook: id ?? "" });
        return { kind: "runbook", runbookId: id ?? "", folderId: runbook?.folderId ?? null };
      }
      case "asset":
        return { kind: "asset", assetKind: assetKind as AssetKind, assetId: id ?? "" };
      case "worker-group":
        return { kind: "worker-group", name: name ?? "" };
      default:
        return { kind: "everything" };
    }
  }

  async #resource({ on, ...right }: StoredRight): Promise<RightResource> {
    const { assets = null } = this.#options;
    const { scope, id, assetKind } = on;
    const isAsset = scope === "asset" && id !== null;
    const assetName = isAsset ? await assets?.nameOf({ kind: assetKind as AssetKind, assetId: id }) : null;
    return {
      rightId: right.rightId,
      principal: { principalId: right.principalId, kind: right.principalKind, name: right.principalName },
      role: right.role,
      on: { kind: scope, assetKind, id, name: on.name ?? assetName ?? null },
      givenAt: isoTime(right.givenAt),
      givenBy: right.givenBy,
    };
  }
}
