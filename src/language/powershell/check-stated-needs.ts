import type { Analysis } from "../../contract/analysis.ts";
import { findNeedsInPowerShell, readStatedNeeds } from "../needs.ts";

/**
 * Completes what a pwsh host found: it tells the words of the `#Needs` lines as they are written, because only PowerShell's
 * own parser knows a comment from a text that looks like one. Here the words become grants in their written form, and
 * what is no grant becomes a problem at its place; such a script cannot run (`executable` is null).
 */
export function checkStatedNeeds(script: string, analysis: Analysis): Analysis {
  const words = new Set(analysis.needs);
  const stated = findNeedsInPowerShell(script).filter(
    ({ text }) => text === "" || splitWords(text).every((word) => words.has(word)),
  );
  const { needs, problems } = readStatedNeeds(script, stated);
  if (problems.length === 0) return { ...analysis, needs };
  return {
    ...analysis,
    needs,
    problems: [...analysis.problems, ...problems].toSorted((a, b) => a.line - b.line || a.column - b.column),
    executable: null,
  };
}

/** As the host splits a line: quotes keep a word with spaces together. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:"(?:[^"\\]|\\.)*"|[^\s,"])+/g)].map(([word]) => word);
}
