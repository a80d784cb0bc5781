import { ts } from "./compiler.ts";

/**
 * The value of an expression that is written out in the script: literals, arrays and objects of them, arithmetic of
 * numbers, and constants. Undefined when it is only known when the script runs.
 */
export function literalValue(node: ts.Expression, checker: ts.TypeChecker): { value: unknown } | undefined {
  if (ts.isStringLiteralLike(node)) return { value: node.text };
  if (ts.isNumericLiteral(node)) return { value: Number(node.text) };
  if (node.kind === ts.SyntaxKind.TrueKeyword) return { value: true };
  if (node.kind === ts.SyntaxKind.FalseKeyword) return { value: false };
  if (node.kind === ts.SyntaxKind.NullKeyword) return { value: null };
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    return literalValue(node.expression, checker);
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const operand = literalValue(node.operand, checker)?.value;
    if (typeof operand !== "number") return undefined;
    if (node.operator === ts.SyntaxKind.MinusToken) return { value: -operand };
    return node.operator === ts.SyntaxKind.PlusToken ? { value: operand } : undefined;
  }
  if (ts.isBinaryExpression(node)) return product(node, checker);
  if (ts.isArrayLiteralExpression(node)) {
    const items = node.elements.map((element) => literalValue(element, checker));
    return items.every((item) => item !== undefined) ? { value: items.map((item) => item.value) } : undefined;
  }
  if (ts.isObjectLiteralExpression(node)) return objectValue(node, checker);
  if (ts.isIdentifier(node)) {
    const declaration = checker.getSymbolAtLocation(node)?.valueDeclaration;
    const isConstant =
      declaration !== undefined &&
      ts.isVariableDeclaration(declaration) &&
      (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
    // A constant that is made of itself is an error of the script's; here it only must not run for ever.
    return isConstant && declaration.initializer !== undefined && declaration.initializer.getEnd() < node.getStart()
      ? literalValue(declaration.initializer, checker)
      : undefined;
  }
  return undefined;
}

function product(node: ts.BinaryExpression, checker: ts.TypeChecker): { value: unknown } | undefined {
  const left = literalValue(node.left, checker)?.value;
  const right = literalValue(node.right, checker)?.value;
  if (typeof left !== "number" || typeof right !== "number") return undefined;
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.PlusToken:
      return { value: left + right };
    case ts.SyntaxKind.MinusToken:
      return { value: left - right };
    case ts.SyntaxKind.AsteriskToken:
      return { value: left * right };
    case ts.SyntaxKind.AsteriskAsteriskToken:
      return { value: left ** right };
    case ts.SyntaxKind.SlashToken:
      return right === 0 ? undefined : { value: left / right };
    default:
      return undefined;
  }
}

function objectValue(node: ts.ObjectLiteralExpression, checker: ts.TypeChecker): { value: unknown } | undefined {
  const entries: [string, unknown][] = [];
  for (const property of node.properties) {
    if (!ts.isPropertyAssignment(property) || ts.isComputedPropertyName(property.name)) return undefined;
    const member = literalValue(property.initializer, checker);
    if (member === undefined) return undefined;
    entries.push([property.name.text, member.value]);
  }
  return { value: Object.fromEntries(entries) };
}
