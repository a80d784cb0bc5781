import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { test } from "node:test";
import ts from "typescript-6";

const root = join(import.meta.dirname, "..");

/*
 * The linter's rule does not see the types of Node's own functions and of packages. This one asks the compiler.
 */
test("no promise is left floating: it is awaited, returned, handled, or let go by `void` on purpose", () => {
  const configuration = ts.getParsedCommandLineOfConfigFile(
    join(root, "tsconfig.json"),
    { skipLibCheck: true, rewriteRelativeImportExtensions: false },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => assert.fail(String(problem.messageText)) },
  );
  assert.ok(configuration);
  const program = ts.createProgram(configuration.fileNames, configuration.options);
  const checker = program.getTypeChecker();
  const floating: string[] = [];

  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && isPromise(checker, node.expression)) {
      const { line } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart());
      floating.push(`${relative(root, node.getSourceFile().fileName)}:${line + 1} ${node.getText().split("\n")[0]}`);
    }
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) {
    if (!file.isDeclarationFile && !file.fileName.includes("/node_modules/")) visit(file);
  }
  assert.deepEqual(floating, []);
});

/** Whether a statement's value is a promise that nobody looks at. Assigning one keeps it. */
function isPromise(checker: ts.TypeChecker, expression: ts.Expression): boolean {
  if (!ts.isCallExpression(expression) && !ts.isNewExpression(expression)) return false;
  if (isHandled(expression) || isTestRegistration(checker, expression)) return false;
  const type = checker.getTypeAtLocation(expression);
  return (type.isUnion() ? type.types : [type]).some((part) => {
    const then = part.getProperty("then");
    return then !== undefined && part.getProperty("catch") !== undefined;
  });
}

/** `promise.catch(…)` and `promise.then(…, …)`. */
function isHandled(expression: ts.CallExpression | ts.NewExpression): boolean {
  if (!ts.isPropertyAccessExpression(expression.expression)) return false;
  const method = expression.expression.name.text;
  const count = expression.arguments?.length ?? 0;
  return (method === "catch" && count > 0) || (method === "then" && count > 1);
}

/** `test(…)`, `describe(…)` and their kin: the runner waits for what they return. */
function isTestRegistration(checker: ts.TypeChecker, expression: ts.CallExpression | ts.NewExpression): boolean {
  const declaration = checker.getResolvedSignature(expression)?.declaration;
  const file = declaration?.getSourceFile().fileName ?? "";
  return file.includes("@types/node/test");
}
