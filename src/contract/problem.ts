/** Something wrong in a script, found by analysis. Lines and columns start at 1. */
export interface Problem {
  line: number;
  column: number;
  endLine?: number;
  endColumn?: number;
  /** `error` forbids publishing, `warning` does not. */
  severity: "error" | "warning";
  /** What is wrong and how to mend it. */
  message: string;
  /** A stable name of the rule, such as `enum-not-erasable`. */
  code: string;
  /** The runbook that is called, where the problem is of a call. */
  called?: string;
}
