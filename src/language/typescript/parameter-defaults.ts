import { ts } from "./compiler.ts";
import { literalValue } from "./literal-value.ts";

/** The default of one parameter; `literal` is absent when its value is only known when the script runs. */
export interface ParameterDefault {
  literal: { value: unknown } | undefined;
}

/**
 * The defaults that a function gives the members of its parameter, by the members' names: in a destructured parameter,
 * or where its body takes the parameter apart (`const { port = 80 } = parameters;`).
 */
export function parameterDefaults(
  parameter: ts.ParameterDeclaration,
  checker: ts.TypeChecker,
): Map<string, ParameterDefault> {
  const defaults = new Map<string, ParameterDefault>();
  for (const pattern of patternsOf(parameter)) {
    for (const element of pattern.elements) {
      const name = memberName(element);
      if (name === undefined || element.initializer === undefined) continue;
      // `= undefined` says no more than that the parameter may be left out.
      const isUndefined = ts.isIdentifier(element.initializer) && element.initializer.text === "undefined";
      defaults.set(name, { literal: isUndefined ? undefined : literalValue(element.initializer, checker) });
    }
  }
  return defaults;
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
