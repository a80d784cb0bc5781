import { ts } from "./compiler.ts";
import type { Problems } from "./problems.ts";

/**
 * Finds TypeScript that is more than types on JavaScript. A runbook runs with its types blanked out, which cannot make
 * code of these.
 */
export function findErasableProblems(file: ts.SourceFile, problems: Problems): void {
  visit(file);

  function visit(node: ts.Node): void {
    // What is only declared vanishes with the types.
    if (ts.canHaveModifiers(node) && hasModifier(node, ts.SyntaxKind.DeclareKeyword)) return;
    const problem = problemOf(node);
    if (problem !== undefined) problems.error(...problem);
    ts.forEachChild(node, visit);
  }
}

function problemOf(node: ts.Node): Parameters<Problems["error"]> | undefined {
  if (ts.isEnumDeclaration(node)) return ["enum-not-erasable", node.name, enumMessage(node)];
  if (ts.isModuleDeclaration(node) && hasCode(node)) {
    return [
      "namespace-not-erasable",
      node.name,
      "A namespace cannot be stripped to JavaScript. Take its members out of it.",
    ];
  }
  if (ts.isParameter(node) && ts.isParameterPropertyDeclaration(node, node.parent)) {
    const name = node.name.getText();
    return [
      "parameter-property-not-erasable",
      node,
      `A parameter property cannot be stripped to JavaScript. Declare the field "${name}" in the class and write "this.${name} = ${name};" in the constructor.`,
    ];
  }
  if (ts.isImportEqualsDeclaration(node) && !node.isTypeOnly) {
    return ["import-equals-not-erasable", node, importEqualsMessage(node)];
  }
  if (ts.isExportAssignment(node) && node.isExportEquals === true) {
    return [
      "export-equals-not-erasable",
      node,
      `"export =" cannot be stripped to JavaScript. Write "export default" instead.`,
    ];
  }
  if (ts.isTypeAssertionExpression(node)) {
    const [type, value] = [node.type.getText(), node.expression.getText()];
    return ["type-assertion-not-erasable", node, `Write "${value} as ${type}" instead of "<${type}>${value}".`];
  }
  if (ts.isDecorator(node)) {
    return [
      "decorator-not-supported",
      node,
      "Node does not run decorators. Call the function yourself on the class or the value.",
    ];
  }
  if (ts.isPropertyDeclaration(node) && hasModifier(node, ts.SyntaxKind.AccessorKeyword)) {
    return [
      "accessor-not-supported",
      node.name,
      `Node does not run "accessor" fields. Write a plain field, or a getter and a setter.`,
    ];
  }
  return undefined;
}

function enumMessage(node: ts.EnumDeclaration): string {
  const name = node.name.text;
  const values = node.members.map(({ name: member, initializer }) =>
    initializer !== undefined && ts.isStringLiteral(initializer)
      ? initializer.getText()
      : JSON.stringify(member.getText()),
  );
  return (
    `An enum cannot be stripped to JavaScript. Write a union of literals, such as "type ${name} = ${values.slice(0, 4).join(" | ")}${values.length > 4 ? " | …" : ""};", ` +
    `or an object: "const ${name} = { … } as const;".`
  );
}

function importEqualsMessage(node: ts.ImportEqualsDeclaration): string {
  const reference = node.moduleReference;
  const from = ts.isExternalModuleReference(reference) ? reference.expression.getText() : undefined;
  return from === undefined
    ? `"import … =" cannot be stripped to JavaScript. Write "const ${node.name.text} = ${reference.getText()};".`
    : `"import … = require(…)" cannot be stripped to JavaScript. Write "import ${node.name.text} from ${from};".`;
}

/** A namespace of types only is erased as a whole. */
function hasCode(node: ts.ModuleDeclaration): boolean {
  const { body } = node;
  if (body === undefined) return false;
  if (ts.isModuleDeclaration(body)) return hasCode(body);
  if (!ts.isModuleBlock(body)) return true;
  return body.statements.some(
    (statement) =>
      !ts.isInterfaceDeclaration(statement) &&
      !ts.isTypeAliasDeclaration(statement) &&
      !(ts.isModuleDeclaration(statement) && !hasCode(statement)),
  );
}

function hasModifier(node: ts.HasModifiers, kind: ts.SyntaxKind): boolean {
  return ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) ?? false;
}
