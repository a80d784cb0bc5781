import type { AssetAnswer, AssetRequest } from "../../src/contract/assets.ts";
import type { AttemptReference } from "../../src/contract/link/control-frames.ts";

/** Where the assets come from that jobs of this worker ask for. */
export interface AssetProvider {
  /**
   * Asks for an asset, or sets a variable, for an attempt.
   *
   * @param signal aborted when nobody waits for the answer any more
   * @returns what became of it, an error included; never rejects
   */
  ask(attempt: AttemptReference, request: AssetRequest, signal: AbortSignal): Promise<AssetAnswer>;
}

/** Where there are no assets. */
export const noAssets: AssetProvider = {
  async ask() {
    return { error: { code: "asset-not-found", message: "There are no assets here." } };
  },
};
