import { assetValue } from "./asset-values.ts";

/**
 * A user name and a password. As the type of a parameter it takes the name of a credential, and the runbook gets what that
 * credential holds:
 *
 *     export default async function ({ login }: { login: Credential }) { … }
 */
export interface Credential {
  readonly userName: string;
  /** Masked wherever the job prints it. */
  readonly password: string;
}

/**
 * The credential of this name. Rejects with an `AssetError` where there is none that this runbook may use.
 *
 *     const { userName, password } = await credential("ops");
 */
export async function credential(name: string): Promise<Credential> {
  const { userName, password } = await assetValue("credential", name);
  return { userName, password };
}
