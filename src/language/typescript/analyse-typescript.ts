import type { Analysis } from "../../contract/analysis.ts";
import type { Problem } from "../../contract/problem.ts";
import { emptySignature } from "../../contract/signature.ts";
import { readStatedNeeds } from "../needs.ts";
import { findCalledRunbooks } from "./called-runbooks.ts";
import { findNeeds, synopsisOf } from "./doc-comments.ts";
import { findErasableProblems } from "./erasable-problems.ts";
import { makeExecutable } from "./executable.ts";
import { findImportProblems } from "./import-problems.ts";
import { findMain } from "./main-function.ts";
import { Problems } from "./problems.ts";
import { makeScriptProgram } from "./script-program.ts";
import { readSignature } from "./signature-of-main.ts";
import { findTypeProblems } from "./type-problems.ts";

/** More problems than a person mends at once are not told. */
const problemLimit = 100;

/**
 * Says what a TypeScript runbook declares: its parameters as JSON Schema, by TypeScript's own type checker, what it
 * needs, what is wrong with it, and the JavaScript that runs (types blanked out, every position kept). Never throws for
 * what a script contains; takes about a second at first, and some 50 ms for each further script.
 *
 * @param _name The runbook's name.
 * @param source The script; a byte order mark is dropped, line ends are kept.
 */
export function analyseTypeScript(_name: string, source: string): Analysis {
  const script = source.startsWith("\uFEFF") ? source.slice(1) : source;
  try {
    return analyse(script);
  } catch (error) {
    // The compiler walks a script by recursion.
    if (error instanceof RangeError && /call stack/.test(error.message)) return tooDeeplyNested();
    throw error;
  }
}

function analyse(script: string): Analysis {
  const program = makeScriptProgram(script);
  const problems = new Problems(program.file);
  const needs = readStatedNeeds(script, findNeeds(program.file));
  problems.addAll(needs.problems);

  if (script.includes("\0")) {
    problems.error("nul-character", positionOf(script, "\0"), "The script holds a NUL character; remove it.");
  }
  problems.addSyntaxErrors(program.syntaxErrors());
  if (problems.hasErrors()) return analysis(null);

  findErasableProblems(program.file, problems);
  findImportProblems(program, problems);
  const main = findMain(program, problems);
  const signature = main === undefined ? emptySignature : readSignature(program.checker, main, problems);
  findTypeProblems(program, problems);
  const executable = makeExecutable(script, problems);
  const found = analysis(problems.hasErrors() ? null : executable);
  return { ...found, signature, synopsis: synopsisOf(program, main), calls: findCalledRunbooks(program) };

  function analysis(executable: string | null): Analysis {
    const found: Problem[] = problems.sorted().slice(0, problemLimit);
    return { signature: emptySignature, needs: needs.needs, problems: found, synopsis: "", executable };
  }
}

function positionOf(script: string, text: string): { start: number; length: number } {
  return { start: script.indexOf(text), length: text.length };
}

function tooDeeplyNested(): Analysis {
  const message = "The script is nested too deeply to be analysed. Break its largest expression or type into several.";
  const problem: Problem = { line: 1, column: 1, severity: "error", code: "too-deeply-nested", message };
  return { signature: emptySignature, needs: [], problems: [problem], synopsis: "", executable: null };
}
