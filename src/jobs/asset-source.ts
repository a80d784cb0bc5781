import type { Principal } from "../access/principal.ts";
import type { AssetValue, AssetValueKind, VariableType } from "../contract/assets.ts";

/** For whom an asset is used. */
export interface AssetUse {
  jobId: string;
  /** Whose right to use the asset decides; null where runbooks run without a principal: then every asset may be used. */
  runAs: Principal | null;
}

/** Where the assets of running jobs come from. */
export interface AssetSource {
  /**
   * The value in the clear, read anew.
   *
   * @throws UserError `asset-not-found` where there is none of this kind and name, in the same words where `runAs` may not use
   * it; `asset-unavailable` where it cannot be had now (a vault that does not answer)
   */
  valueForJob(request: AssetUse & { kind: AssetValueKind; name: string }): Promise<AssetValue>;

  /**
   * Gives a variable that exists a new value and type; it stays encrypted or not as it is.
   *
   * @returns whether it is encrypted, so that the value is masked from now on
   * @throws UserError `asset-not-found` as above; `asset-refused` where this variable cannot be set (such as one in a vault)
   */
  setVariableForJob(
    request: AssetUse & { name: string; type: VariableType; value: unknown },
  ): Promise<{ encrypted: boolean }>;
}
