import { isBuiltin } from "node:module";
import { ts } from "./compiler.ts";
import type { Problems } from "./problems.ts";
import type { ScriptProgram } from "./script-program.ts";

/** Finds imports that the host does not know: a runbook imports `runsmith` and Node's built-in modules. */
export function findImportProblems(program: ScriptProgram, problems: Problems): void {
  visit(program.file);

  function visit(node: ts.Node): void {
    const name = importedName(node);
    if (name !== undefined) checkName(name);
    if (ts.isIdentifier(node) && isGlobalOfCommonJs(node, program.checker)) {
      problems.error("commonjs", node, commonJsMessage(node.text));
    }
    ts.forEachChild(node, visit);
  }

  function checkName(name: ts.StringLiteralLike): void {
    const { text } = name;
    if (text === "runsmith" || (text.startsWith("node:") && isBuiltin(text))) return;
    if (text.startsWith("node:")) {
      problems.error("unknown-import", name, `Node has no built-in module "${text}".`);
    } else if (isBuiltin(text)) {
      problems.error(
        "unprefixed-import",
        name,
        `Write "node:${text}": Node's built-in modules are imported with their prefix.`,
      );
    } else if (/^\.{0,2}\//.test(text) || text.startsWith("file:")) {
      const remedy = "A runbook is one file for now; put what it needs into it.";
      problems.error(
        "relative-import",
        name,
        `"${text}" cannot be imported: modules beside a runbook come with integration modules. ${remedy}`,
      );
    } else {
      const remedy = `A runbook imports "runsmith" and Node's built-in modules ("node:fs", "node:path", …).`;
      problems.error("unknown-import", name, `The package "${text}" is not there when the runbook runs. ${remedy}`);
    }
  }
}

/** The module that a statement, or a call of `import()`, loads when the script runs. */
function importedName(node: ts.Node): ts.StringLiteralLike | undefined {
  if (ts.isImportDeclaration(node)) {
    return node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword ? literal(node.moduleSpecifier) : undefined;
  }
  if (ts.isExportDeclaration(node)) return node.isTypeOnly ? undefined : literal(node.moduleSpecifier);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return literal(node.arguments[0]);
  return undefined;
}

function literal(node: ts.Node | undefined): ts.StringLiteralLike | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node : undefined;
}

/** `require(…)`, `module.exports`, `exports.x`, `__dirname` and `__filename` as a script uses them that is no ES module. */
function isGlobalOfCommonJs(node: ts.Identifier, checker: ts.TypeChecker): boolean {
  const { text, parent } = node;
  const isUsed =
    (text === "require" && ts.isCallExpression(parent) && parent.expression === node) ||
    ((text === "module" || text === "exports") &&
      ts.isPropertyAccessExpression(parent) &&
      parent.expression === node) ||
    ((text === "__dirname" || text === "__filename") &&
      (parent as ts.NamedDeclaration).name !== node &&
      !ts.isPropertyAccessExpression(parent));
  if (!isUsed) return false;
  const declarations = checker.getSymbolAtLocation(node)?.declarations ?? [];
  return declarations.every((declaration) => declaration.getSourceFile() !== node.getSourceFile());
}

function commonJsMessage(name: string): string {
  if (name === "require")
    return `A runbook is an ES module, which has no "require". Write "import … from …" at its top.`;
  if (name.startsWith("__"))
    return `A runbook runs from memory, so "${name}" is not there. Its working folder is process.cwd().`;
  return `A runbook is an ES module, which has no "${name}". Write "export default function …".`;
}
