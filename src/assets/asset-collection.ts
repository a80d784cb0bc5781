import { authorize, permits } from "../access/authorize.ts";
import type { Permission, Target } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";
import type { AssetResource, AssetUser, RemovedAsset } from "../contract/api/asset.ts";
import type { Page } from "../contract/api/page.ts";
import { UserError } from "../contract/user-error.ts";
import type { Sealer } from "../sealing/sealer.ts";
import { assetInUse, noSuchAsset, nounOf } from "../store/asset-refusals.ts";
import { usersTold } from "../store/asset-rows.ts";
import { newId } from "../store/new-id.ts";
import type { StoredAsset } from "../store/operations/assets.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { Store } from "../store/store.ts";
import { checkedAssetName } from "./asset-name.ts";
import type { AssetRules, FormerAsset, PreparedAsset } from "./asset-rules.ts";
import { assetPlace } from "./asset-secret.ts";
import { runbooksNaming } from "./naming-runbooks.ts";
import { readableAssets } from "./readable-assets.ts";

export interface CollectionParts {
  store: Pick<Store, "read" | "write" | "once">;
  sealer: Sealer;
}

/** What every kind of asset has beside its own settings. */
export interface CommonSettings {
  name: string;
  description: string;
}

export interface ChangeRequest<Settings> {
  /** Id or name. */
  asset: string;
  change: Partial<Settings & CommonSettings>;
  /** The revision that it must have; any when left out. */
  expectedRevision?: number | undefined;
}

/** An asset that is changed this often while one change is being made is somebody else's problem. */
const mostTries = 5;

/** The assets of one kind: what people and programs do with them. */
export class AssetCollection<Resource extends AssetResource, Settings extends object> {
  readonly #store: CollectionParts["store"];
  readonly #sealer: Sealer;
  readonly #rules: AssetRules<Resource, Settings>;

  constructor({ store, sealer }: CollectionParts, rules: AssetRules<Resource, Settings>) {
    this.#store = store;
    this.#sealer = sealer;
    this.#rules = rules;
  }

  /** By name; what the caller may read. */
  async list(caller: Principal, of: { after?: string; limit: number }): Promise<Page<Resource>> {
    const only = readableAssets(caller);
    const { items, next } = await this.#store.read.assets({ ...of, kind: this.#rules.kind, only });
    return { items: await this.#rules.resources(items), next };
  }

  /** @throws UserError `asset-not-found` (404), also for one that the caller may not read */
  async get(caller: Principal, asset: string): Promise<Resource> {
    return this.#resource((await this.#readable(caller, asset)).asset);
  }

  /** @throws UserError `asset-exists` (409), `invalid-asset-name`, `invalid-asset`, `not-permitted` */
  async create(
    caller: Principal,
    { name, description, ...settings }: Partial<CommonSettings & Settings>,
    idempotency?: IdempotencyKey,
  ): Promise<Resource> {
    const { kind } = this.#rules;
    authorize(caller, this.#editing, { kind: "everything" }, `everything, as a new ${nounOf(kind)} needs`);
    const checked = checkedAssetName(kind, name ?? "");
    const writes = idempotency === undefined ? this.#store.write : this.#store.once(idempotency);
    const created = await triedAgain(["checked-by-former"], async () => {
      const prepared = await this.#rules.prepare(settings as unknown as Partial<Settings>, null, caller);
      const assetId = newId();
      return writes.createAsset({
        assetId,
        kind,
        name: checked,
        description: description ?? "",
        content: prepared.content,
        sealed: this.#sealed(assetId, 1, prepared.secret ?? null),
        expiresAt: prepared.expiresAt,
        uses: prepared.uses,
        ...(prepared.checkedBy !== undefined && { checkedBy: prepared.checkedBy }),
        changedBy: caller.name,
      });
    });
    return this.#resource(created);
  }

  /** @throws UserError as `get` and `create` do; `revision-mismatch` (412) */
  async change(caller: Principal, { asset, change, expectedRevision }: ChangeRequest<Settings>): Promise<Resource> {
    // Where somebody else was faster, and the caller did not say from which state, it is changed from the new one.
    const passing = expectedRevision === undefined ? ["checked-by-former", "revision-mismatch"] : ["checked-by-former"];
    const changed = await triedAgain(passing, async () => {
      const found = await this.#readable(caller, asset);
      this.#authorizeEdit(caller, found.asset);
      return this.#changeNow(caller, found, change, expectedRevision);
    });
    return this.#resource(changed);
  }

  /** @throws UserError as `get` does; `asset-in-use` (409) unless `force`, `revision-mismatch` (412), `not-permitted` */
  async remove(
    caller: Principal,
    of: { asset: string; force: boolean; expectedRevision?: number | undefined },
  ): Promise<RemovedAsset> {
    const { asset } = await this.#readable(caller, of.asset);
    this.#authorizeEdit(caller, asset);
    const { kind, assetId, revision } = asset;
    const { usedBy, further } = await this.#users(caller, asset);
    if (usedBy.length + further > 0 && !of.force) {
      throw assetInUse(kind, asset.name, usedBy, further);
    }
    const expectedRevision = of.expectedRevision ?? revision;
    await this.#store.write.removeAsset({ kind, assetId, force: of.force, expectedRevision });
    return { usedBy, further };
  }

  /** Where it is used, some of it: what the caller may read by name, and how much else there is. */
  async #users(caller: Principal, { assetId, kind, name }: StoredAsset): Promise<RemovedAsset> {
    const assets = await this.#store.read.assetsUsing({ assetId, limit: usersTold });
    const runbooks = await runbooksNaming(this.#store, { kind, name }, usersTold);
    const users: { user: AssetUser; target: Target }[] = [
      ...assets.map((user) => ({
        user: { kind: user.kind, id: user.assetId, name: user.name },
        target: { kind: "asset" as const, assetKind: user.kind, assetId: user.assetId },
      })),
      ...runbooks.map(({ runbookId, runbookName, folderId }) => ({
        user: { kind: "runbook" as const, id: runbookId, name: runbookName },
        target: { kind: "runbook" as const, runbookId, folderId },
      })),
    ];
    const readable = users.filter(({ target }) => permits(caller, "read", target));
    return { usedBy: readable.map(({ user }) => user), further: users.length - readable.length };
  }

  async #changeNow(
    caller: Principal,
    found: { asset: StoredAsset; sealed: Uint8Array | null },
    { name, description, ...settings }: Partial<Settings & CommonSettings>,
    expectedRevision: number | undefined,
  ): Promise<StoredAsset> {
    const { asset } = found;
    const former: FormerAsset = { asset, secret: () => this.open(found) };
    const prepared: PreparedAsset = await this.#rules.prepare(settings as unknown as Partial<Settings>, former, caller);
    const renamed = {
      ...asset,
      name: name === undefined ? asset.name : checkedAssetName(this.#rules.kind, name),
      description: description ?? asset.description,
      revision: expectedRevision ?? asset.revision,
    };
    return this.replace(renamed, prepared, caller.name);
  }

  /** Stores other content, and another secret where there is one, in place of what an asset had at its revision. */
  replace(
    { kind, assetId, name, description, valueVersion: formerVersion, revision }: StoredAsset,
    { content, secret, expiresAt, uses, checkedBy, whileUnused }: PreparedAsset,
    changedBy: string,
  ): Promise<StoredAsset> {
    const valueVersion = formerVersion + 1;
    return this.#store.write.changeAsset({
      kind,
      assetId,
      name,
      description,
      content,
      ...(secret !== undefined && { secret: { sealed: this.#sealed(assetId, valueVersion, secret), valueVersion } }),
      expiresAt,
      uses,
      ...(checkedBy !== undefined && { checkedBy }),
      ...(whileUnused !== undefined && { whileUnused }),
      changedBy,
      expectedRevision: revision,
    });
  }

  /** The asset of this id or name with its secret, for a job; null where there is none that it may use. */
  async usable(runAs: Principal | null, asset: string): Promise<FormerAsset | null> {
    const found = await this.#store.read.assetWithSecret({ kind: this.#rules.kind, asset });
    if (found === null || (runAs !== null && !permits(runAs, "use", targetOf(found.asset)))) {
      return null;
    }
    return { asset: found.asset, secret: () => this.open(found) };
  }

  /** Opens the secret of an asset that was read. */
  open({ asset, sealed }: { asset: StoredAsset; sealed: Uint8Array | null }): Uint8Array | null {
    return sealed === null ? null : this.#sealer.open(sealed, assetPlace(asset.assetId, asset.valueVersion));
  }

  #sealed(assetId: string, valueVersion: number, secret: Uint8Array | null): Uint8Array | null {
    return secret === null ? null : this.#sealer.seal(secret, assetPlace(assetId, valueVersion));
  }

  async #readable(caller: Principal, asset: string): Promise<{ asset: StoredAsset; sealed: Uint8Array | null }> {
    const { kind } = this.#rules;
    const found = await this.#store.read.assetWithSecret({ kind, asset });
    if (found === null || !permits(caller, "read", targetOf(found.asset))) {
      throw noSuchAsset(kind, asset);
    }
    return found;
  }

  get #editing(): Permission {
    return this.#rules.editing ?? "edit";
  }

  mayEdit(caller: Principal, asset: StoredAsset): boolean {
    return permits(caller, this.#editing, targetOf(asset));
  }

  #authorizeEdit(caller: Principal, asset: StoredAsset): void {
    authorize(caller, this.#editing, targetOf(asset), `the ${nounOf(asset.kind)} ${asset.name}`);
  }

  async #resource(asset: StoredAsset): Promise<Resource> {
    const [resource] = await this.#rules.resources([asset]);
    if (resource === undefined) {
      throw new TypeError(`The rules of ${this.#rules.kind} showed nothing of an asset.`);
    }
    return resource;
  }
}

/** Does it again where it was refused by one of these codes, for what somebody else did at the same time. */
async function triedAgain<Result>(codes: readonly string[], work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UserError && codes.includes(error.code)) || tries === mostTries) {
        throw error;
      }
    }
  }
}

function targetOf({ kind, assetId }: StoredAsset): Target {
  return { kind: "asset", assetKind: kind, assetId };
}
