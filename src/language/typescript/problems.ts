import type { Problem } from "../../contract/problem.ts";
import { ts } from "./compiler.ts";

/** A stretch of the script, in UTF-16 units. */
export interface Span {
  start: number;
  length: number;
}

/** Gathers what is wrong with a script. */
export class Problems {
  readonly #file: ts.SourceFile;
  readonly #found: Problem[] = [];

  constructor(file: ts.SourceFile) {
    this.#file = file;
  }

  /** Adds a problem that forbids publishing. The message says what is wrong and how to mend it. */
  error(code: string, at: ts.Node | Span, message: string): void {
    this.#add("error", code, at, message);
  }

  /** Adds a problem that does not forbid publishing. */
  warning(code: string, at: ts.Node | Span, message: string): void {
    this.#add("warning", code, at, message);
  }

  addAll(problems: readonly Problem[]): void {
    this.#found.push(...problems);
  }

  addSyntaxErrors(diagnostics: readonly ts.Diagnostic[]): void {
    for (const diagnostic of diagnostics) this.error("syntax", spanOf(diagnostic), messageOf(diagnostic));
  }

  hasErrors(): boolean {
    return this.#found.some((problem) => problem.severity === "error");
  }

  /** Whether a problem begins on the line of this place. */
  hasErrorAt(at: Span): boolean {
    const line = this.#file.getLineAndCharacterOfPosition(at.start).line + 1;
    return this.#found.some((problem) => problem.severity === "error" && problem.line === line);
  }

  /** Every problem once, errors before warnings of the same place, in the order of the script. */
  sorted(): Problem[] {
    const order = (a: Problem, b: Problem) =>
      a.line - b.line || a.column - b.column || a.severity.localeCompare(b.severity);
    return this.#found.toSorted(order);
  }

  #add(severity: Problem["severity"], code: string, at: ts.Node | Span, message: string): void {
    const [start, end] = "kind" in at ? [at.getStart(this.#file), at.getEnd()] : [at.start, at.start + at.length];
    const from = this.#file.getLineAndCharacterOfPosition(start);
    const to = this.#file.getLineAndCharacterOfPosition(end);
    this.#found.push({
      line: from.line + 1,
      column: from.character + 1,
      endLine: to.line + 1,
      endColumn: to.character + 1,
      severity,
      message,
      code,
    });
  }
}

/** Where a compiler's message points. */
export function spanOf(diagnostic: ts.Diagnostic): Span {
  return { start: diagnostic.start ?? 0, length: diagnostic.length ?? 0 };
}

/** A compiler's message as one text. */
export function messageOf(diagnostic: ts.Diagnostic): string {
  return ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n");
}
