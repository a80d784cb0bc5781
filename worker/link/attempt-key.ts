import type { AttemptReference } from "../../src/contract/link/control-frames.ts";

/** An attempt as the key of a map. */
export function keyOf({ jobId, attempt }: AttemptReference): string {
  return `${jobId}/${attempt}`;
}
