import { runtime } from "./runtime.ts";

/**
 * Writes to the Verbose stream, which is kept when the runbook's verbose log is on. Takes what `console.log` takes.
 * The other streams are the console's: `console.log` writes to Output, `.info` to Information, `.warn` to Warning,
 * `.error` to Error and `.debug` to Debug.
 */
export function verbose(...values: unknown[]): void {
  runtime().emit("Verbose", values);
}
