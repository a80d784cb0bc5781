import { ts } from "./compiler.ts";
import { literalValue } from "./literal-value.ts";

/** How a function takes one member of its parameter. */
export interface TakenParameter {
  element: ts.BindingElement;
  hasDefault: boolean;
  /** The default's value, where it is written out in the script. */
  literal: { value: unknown } | undefined;
}

/**
 * How a function takes its parameter apart, by the members' names: in the parameter itself, or in its body
 * (`const { port = 80 } = parameters;`).
 */
export function takenParameters(
  parameter: ts.ParameterDeclaration,
  checker: ts.TypeChecker,
): Map<string, TakenParameter> {
  const taken = new Map<string, TakenParameter>();
  for (const element of patternsOf(parameter).flatMap((pattern) => [...pattern.elements])) {
    const name = memberName(element);
    if (name === undefined) continue;
    const { initializer } = element;
    // `= undefined` says no more than that the parameter may be left out.
    const isUndefined = initializer !== undefined && ts.isIdentifier(initializer) && initializer.text === "undefined";
    const literal = initializer === undefined || isUndefined ? undefined : literalValue(initializer, checker);
    taken.set(name, { element, hasDefault: initializer !== undefined, literal });
  }
  return taken;
}

function patternsOf(parameter: ts.ParameterDeclaration): ts.ObjectBindingPattern[] {
  if (ts.isObjectBindingPattern(parameter.name)) return [parameter.name];
  const { body } = parameter.parent as ts.FunctionLikeDeclaration;
  if (body === undefined || !ts.isBlock(body) || !ts.isIdentifier(parameter.name)) return [];
  const name = parameter.name.text;
  return body.statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => statement.declarationList.declarations)
    .filter(({ initializer }) => initializer !== undefined && ts.isIdentifier(initializer) && initializer.text === name)
    .map((declaration) => declaration.name)
    .filter(ts.isObjectBindingPattern);
}

function memberName(element: ts.BindingElement): string | undefined {
  if (element.dotDotDotToken !== undefined) return undefined;
  const name = element.propertyName ?? element.name;
  return ts.isIdentifier(name) || ts.isStringLiteralLike(name) ? name.text : undefined;
}
