import type { AssetRequest, AssetValue, AssetValueKind } from "../../../../src/contract/assets.ts";
import { AssetError } from "./asset-error.ts";
import { runtime } from "./runtime.ts";

/** Asks for the value of an asset. Rejects with an `AssetError`. */
export async function assetValue<Kind extends AssetValueKind>(
  kind: Kind,
  name: string,
): Promise<Extract<AssetValue, { kind: Kind }>> {
  const value = await askAssets({ action: "get", kind, name });
  return value as Extract<AssetValue, { kind: Kind }>;
}

/** Asks what only the service can answer. Rejects with an `AssetError`. */
export async function askAssets(request: AssetRequest): Promise<AssetValue | undefined> {
  const { value, error } = await runtime().askAssets(request);
  // Made here, so that its stack tells where in the runbook it was asked for.
  if (error !== undefined) throw new AssetError(error.code, error.message);
  return value;
}
