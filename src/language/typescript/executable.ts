import { stripTypeScriptTypes } from "node:module";
import type { Problems } from "./problems.ts";

/**
 * What the host runs: the script with its types blanked out, so that every line and column stays. Null, and a problem,
 * when that cannot be done.
 */
export function makeExecutable(script: string, problems: Problems): string | null {
  if (problems.hasErrors()) return null;
  try {
    return stripTypeScriptTypes(script, { mode: "strip" });
  } catch (error) {
    // Whatever the checks before know by name has its own message; this is the rest of what Node does not take.
    const message = error instanceof Error ? error.message : String(error);
    problems.error("not-erasable", { start: 0, length: 0 }, `Node cannot run this script as TypeScript: ${message}`);
    return null;
  }
}
