import { invalidAsset } from "../invalid-asset.ts";

/**
 * The address of a vault's server, without a slash at its end.
 * @throws UserError `invalid-asset` when it is none, holds a password, or would be spoken to unencrypted
 */
export function checkedVaultAddress(text: string): string {
  const address = URL.parse(text);
  if (address === null || !/^https?:$/.test(address.protocol) || address.search !== "" || address.hash !== "") {
    throw invalidAsset("/address", "The address of a vault is a URL such as https://vault.example.org:8200.");
  }
  if (address.username !== "" || address.password !== "") {
    throw invalidAsset("/address", "The address of a vault holds no name and no password.");
  }
  if (address.protocol === "http:" && !/^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(address.hostname)) {
    throw invalidAsset("/address", "Secrets would cross the network unencrypted: use https.");
  }
  return address.href.replace(/\/+$/, "");
}
