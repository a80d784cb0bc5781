import type { AssetErrorCode } from "../../../../src/contract/assets.ts";

/** Why an asset could not be had, or a variable not be set. */
export class AssetError extends Error {
  /**
   * `asset-not-found`: there is none of this kind and name, or this runbook may not use it. `asset-unavailable`: it cannot be had now.
   * `asset-refused`: it cannot be had, or set, at all.
   */
  readonly code: AssetErrorCode;

  constructor(code: AssetErrorCode, message: string) {
    super(message);
    this.name = "AssetError";
    this.code = code;
  }
}
