import type { VaultResource, VaultSettings } from "../contract/api/asset.ts";
import type { StoredAsset } from "../store/operations/assets.ts";
import type { AssetRules, FormerAsset, PreparedAsset } from "./asset-rules.ts";
import { commonResource } from "./asset-rules.ts";
import { invalidAsset } from "./invalid-asset.ts";
import { checkedVaultAddress } from "./vaults/vault-address.ts";
import { checkedPlaceName } from "./vaults/vault-folder.ts";

/** What is stored of a vault beside what it is signed in to by. */
export type VaultContent = Pick<
  VaultResource,
  "provider" | "address" | "mount" | "namespace" | "roleId" | "authorities" | "command"
>;

/** What is sealed of a vault: a token, or the secret id of AppRole. */
export type VaultSecret = { token: string } | { secretId: string };

const nothing: VaultContent = {
  provider: "file",
  address: null,
  mount: null,
  namespace: null,
  roleId: null,
  authorities: null,
  command: null,
};

/** A vault says where values are that are not here. Making one is an administrator's: it lets the service call others. */
export class Vaults implements AssetRules<VaultResource, VaultSettings> {
  readonly kind = "vault";
  readonly editing = "administer";

  async prepare(settings: Partial<VaultSettings>, former: FormerAsset | null): Promise<PreparedAsset> {
    const before = former === null ? null : vaultContent(former.asset);
    const provider = settings.provider ?? before?.provider;
    if (provider === undefined) {
      throw invalidAsset("/provider", "A vault needs a provider: hashicorp, command or file.");
    }
    if (before !== null && provider !== before.provider) {
      throw invalidAsset("/provider", "A vault keeps its provider.", "Make another vault.");
    }
    refuseForeign(settings, provider);
    switch (provider) {
      case "file":
        return plain({ ...nothing, provider });
      case "command": {
        const command = settings.command ?? before?.command ?? "";
        return plain({ ...nothing, provider, command: checkedPlaceName(command, "/command") });
      }
      case "hashicorp":
        return preparedServer(settings, before);
    }
  }

  async resources(assets: readonly StoredAsset[]): Promise<VaultResource[]> {
    return assets.map((asset) => ({ ...commonResource(asset), ...vaultContent(asset) }));
  }
}

/** What is stored of it. */
export function vaultContent({ content }: Pick<StoredAsset, "content">): VaultContent {
  return content as unknown as VaultContent;
}

function preparedServer(settings: Partial<VaultSettings>, before: VaultContent | null): PreparedAsset {
  const address = settings.address ?? before?.address;
  if (address === undefined || address === null) {
    throw invalidAsset("/address", "A vault of HashiCorp Vault or OpenBao needs an address.");
  }
  const { token, secretId } = settings;
  if (token !== undefined && (secretId !== undefined || settings.roleId !== undefined)) {
    throw invalidAsset("/token", "The service signs in by a token or by AppRole, not by both.");
  }
  const roleId = token !== undefined ? null : (settings.roleId ?? before?.roleId ?? null);
  const content: VaultContent = {
    ...nothing,
    provider: "hashicorp",
    address: checkedVaultAddress(address),
    mount: settings.mount ?? before?.mount ?? "secret",
    namespace: settings.namespace === undefined ? (before?.namespace ?? null) : settings.namespace,
    authorities: settings.authorities === undefined ? (before?.authorities ?? null) : settings.authorities,
    roleId,
  };
  if (secretId !== undefined && roleId === null) {
    throw invalidAsset("/roleId", "AppRole needs a role id with its secret id.");
  }
  if (token !== undefined || secretId !== undefined) {
    const secret: VaultSecret = token !== undefined ? { token } : { secretId: secretId ?? "" };
    return { ...plain(content), secret: Buffer.from(JSON.stringify(secret)) };
  }
  // Whoever names another address would get what the present one is signed in to by.
  const trusted = (of: VaultContent | null) =>
    JSON.stringify([of?.address, of?.authorities, of?.roleId, of?.namespace]);
  if (before === null || trusted(before) !== trusted(content)) {
    throw invalidAsset(
      "/token",
      "The service needs a token, or a role id and a secret id, to sign in there.",
      "Give it together with the address: what is stored is never sent elsewhere.",
    );
  }
  const { secret: _same, ...unchanged } = plain(content);
  return unchanged;
}

function plain(content: VaultContent): PreparedAsset {
  return { content: { ...content }, secret: null, uses: [], expiresAt: null };
}

function refuseForeign(settings: Partial<VaultSettings>, provider: VaultContent["provider"]): void {
  const own = {
    hashicorp: ["address", "mount", "namespace", "token", "roleId", "secretId", "authorities"],
    command: ["command"],
    file: [],
  };
  const foreign = Object.keys(settings).find((name) => name !== "provider" && !own[provider].includes(name as never));
  if (foreign !== undefined) {
    throw invalidAsset(`/${foreign}`, `A vault of the provider ${provider} has no ${foreign}.`);
  }
}
