import { ts } from "./compiler.ts";
import type { Problems } from "./problems.ts";
import type { ScriptProgram } from "./script-program.ts";

/** The function that is the runbook. */
export interface Main {
  signature: ts.Signature;
  /** Where it is written, for problems without a better place. */
  node: ts.Node;
  /** The parameter that takes the job's parameters, if there is one. */
  parameter: { symbol: ts.Symbol; declaration: ts.ParameterDeclaration } | undefined;
}

/**
 * Finds the default-exported function. A script without one is a runbook too when it does something at its top level;
 * it takes no parameters.
 */
export function findMain({ file, checker }: ScriptProgram, problems: Problems): Main | undefined {
  const symbol = defaultExport(file, checker);
  if (symbol === undefined) {
    if (!file.statements.some(doesSomething))
      problems.error("nothing-to-run", { start: 0, length: 0 }, nothingToRun(file));
    return undefined;
  }
  const node = symbol.declarations?.[0] ?? file;
  const type = ts.isExportAssignment(node)
    ? checker.getTypeAtLocation(node.expression)
    : checker.getTypeOfSymbolAtLocation(symbol, node);
  // Of overloads, the last is the most general.
  const signature = type.getCallSignatures().at(-1);
  if (signature === undefined) {
    problems.error(
      "default-export-not-a-function",
      node,
      `The default export of a runbook is the function that runs; this one is of type "${checker.typeToString(type)}". Write "export default async function ({ … }: { … }) { … }".`,
    );
    return undefined;
  }
  const written = signature.getDeclaration();
  if (written !== undefined && "asteriskToken" in written && written.asteriskToken !== undefined) {
    const message = `A generator does nothing until it is iterated. Take the "*" away, and write with console.log what it yields.`;
    problems.error("default-export-is-a-generator", written, message);
  }
  const [first, , third] = signature.getParameters();
  if (third !== undefined) {
    const at = third.valueDeclaration ?? node;
    problems.error(
      "too-many-parameters",
      at,
      "A runbook's function takes one object of parameters, and a context as second argument. Move this parameter into the object.",
    );
  }
  const declaration = first?.valueDeclaration;
  const isParameter = first !== undefined && declaration !== undefined && ts.isParameter(declaration);
  return { signature, node, parameter: isParameter ? { symbol: first, declaration } : undefined };
}

function defaultExport(file: ts.SourceFile, checker: ts.TypeChecker): ts.Symbol | undefined {
  const module = checker.getSymbolAtLocation(file);
  const symbol = module && checker.getExportsOfModule(module).find(({ escapedName }) => escapedName === "default");
  if (symbol === undefined) return undefined;
  return symbol.flags & ts.SymbolFlags.Alias && !symbol.declarations?.some(ts.isExportAssignment)
    ? checker.getAliasedSymbol(symbol)
    : symbol;
}

function doesSomething(statement: ts.Statement): boolean {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.some(
      ({ initializer }) => initializer !== undefined && calls(initializer),
    );
  }
  return (
    !ts.isImportDeclaration(statement) &&
    !ts.isExportDeclaration(statement) &&
    !ts.isFunctionDeclaration(statement) &&
    !ts.isClassDeclaration(statement) &&
    !ts.isInterfaceDeclaration(statement) &&
    !ts.isTypeAliasDeclaration(statement) &&
    !ts.isEmptyStatement(statement)
  );
}

function calls(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isAwaitExpression(node)) return true;
  return ts.forEachChild(node, (child) => calls(child) || undefined) ?? false;
}

function nothingToRun(file: ts.SourceFile): string {
  const named = file.statements.find(
    (statement): statement is ts.FunctionDeclaration =>
      ts.isFunctionDeclaration(statement) && statement.name !== undefined,
  );
  const remedy =
    named?.name === undefined
      ? `Write "export default async function () { … }".`
      : `Write "export default" before the function that is the runbook, such as "${named.name.text}".`;
  return `The script does nothing when it runs: it has no default export and no code at its top level. ${remedy}`;
}
