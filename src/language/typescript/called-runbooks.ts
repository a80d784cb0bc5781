import { mostCalls } from "../../contract/child-runbook.ts";
import { ts } from "./compiler.ts";
import { literalValue } from "./literal-value.ts";
import type { ScriptProgram } from "./script-program.ts";

/** The runbooks that a script calls by names that stand in it: `runbook("Child", …)`, under whatever name the function is imported. */
export function findCalledRunbooks({ file, checker, isRunbookApi }: ScriptProgram): string[] {
  const found = new Map<string, string>();
  if (file.text.includes("runbook")) visit(file);
  return [...found.values()].slice(0, mostCalls);

  function visit(node: ts.Node): void {
    if (ts.isCallExpression(node) && node.arguments[0] !== undefined && isRunbookFunction(node.expression)) {
      const name = literalValue(node.arguments[0], checker)?.value;
      if (typeof name === "string" && name !== "") found.set(name.toLowerCase(), name);
    }
    ts.forEachChild(node, visit);
  }

  function isRunbookFunction(called: ts.Expression): boolean {
    const name = ts.isPropertyAccessExpression(called) ? called.name : called;
    const symbol = ts.isIdentifier(name) ? checker.getSymbolAtLocation(name) : undefined;
    if (symbol === undefined) return false;
    const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return origin.name === "runbook" && (origin.declarations ?? []).some(isRunbookApi);
  }
}
