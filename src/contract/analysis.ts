import type { Problem } from "./problem.ts";
import type { Signature } from "./signature.ts";

/** What the analysis of a script found. */
export interface Analysis {
  signature: Signature;
  /** Grants that the script states it needs, in their written form, such as `path:/var/log:rw`. */
  needs: string[];
  problems: Problem[];
  /** Names of other runbooks that it may call inside itself, as it writes them; left out where nobody looked for them. */
  calls?: string[];
  /** The first paragraph of the script's own description, or an empty text. */
  synopsis: string;
  /** The text that the host runs (types stripped), or null when the script cannot run. */
  executable: string | null;
}

/** An analysis that is out of these bounds is ended, and the draft says so. */
export const analysisTimeLimit = 20_000;
export const analysisMemoryLimit = 1024 * 1024 * 1024;

/**
 * Codes of the problems that say that an analysis did not come to its end, and so nothing of the script itself.
 * Saving the same text again has it analysed again.
 */
export const unfinishedAnalysisCodes: readonly string[] = ["analysis-timed-out", "analysis-crashed", "analysis-failed"];

/** The largest script that may be imported, in bytes of its file. */
export const scriptSizeLimit = 4 * 1024 * 1024;
