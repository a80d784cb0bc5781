import type { Analysis } from "../../src/contract/analysis.ts";

/** Says on standard error what is wrong with a script, and where. */
export function tellProblems(path: string, { problems }: Analysis): void {
  for (const { line, column, severity, message } of problems) {
    process.stderr.write(`${path}:${line}:${column}: ${severity}: ${message}\n`);
  }
}
