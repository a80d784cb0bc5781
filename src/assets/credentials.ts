import type { Principal } from "../access/principal.ts";
import type { CredentialResource, CredentialSettings } from "../contract/api/asset.ts";
import type { StoredAsset } from "../store/operations/assets.ts";
import type { Store } from "../store/store.ts";
import type { AssetRules, FormerAsset, PreparedAsset } from "./asset-rules.ts";
import { commonResource } from "./asset-rules.ts";
import { invalidAsset } from "./invalid-asset.ts";
import { referenceOf, shownReferences, storedReference } from "./vault-references.ts";

/** A credential is a user name and a password; either may be in a vault. */
export class Credentials implements AssetRules<CredentialResource, CredentialSettings> {
  readonly kind = "credential";
  readonly #store: Pick<Store, "read">;

  constructor(store: Pick<Store, "read">) {
    this.#store = store;
  }

  async prepare(
    settings: Partial<CredentialSettings>,
    former: FormerAsset | null,
    caller: Principal,
  ): Promise<PreparedAsset> {
    const { password, vault } = settings;
    if (password !== undefined && vault !== undefined) {
      throw invalidAsset("/vault", "A credential has a password of its own or one in a vault, not both.");
    }
    const userName = settings.userName ?? (former === null ? null : userNameOf(former.asset));
    if (vault !== undefined) {
      const reference = await storedReference(this.#store, vault, caller);
      return { content: { userName, vault: reference }, secret: null, uses: [reference.vaultId], expiresAt: null };
    }
    const reference = former === null ? null : referenceOf(former.asset);
    if (password === undefined && reference !== null) {
      return { content: { userName, vault: reference }, uses: [reference.vaultId], expiresAt: null };
    }
    if (userName === null) {
      throw invalidAsset("/userName", "A credential needs a user name.");
    }
    if (password === undefined && former === null) {
      throw invalidAsset("/password", "A credential needs a password, or the place of one in a vault.");
    }
    const secret = password === undefined ? {} : { secret: Buffer.from(password) };
    return { content: { userName }, ...secret, uses: [], expiresAt: null };
  }

  async resources(assets: readonly StoredAsset[]): Promise<CredentialResource[]> {
    const references = await shownReferences(this.#store, assets);
    return assets.map((asset) => ({
      ...commonResource(asset),
      userName: userNameOf(asset),
      vault: references.get(asset.assetId) ?? null,
    }));
  }
}

/** Null where the vault tells it. */
export function userNameOf({ content }: StoredAsset): string | null {
  return (content["userName"] as string | null | undefined) ?? null;
}
