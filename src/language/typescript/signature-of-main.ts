import type { ParameterSchema, Signature } from "../../contract/signature.ts";
import { emptySignature } from "../../contract/signature.ts";
import { ts } from "./compiler.ts";
import { addConstraints } from "./constraints.ts";
import { docCommentOf, parameterDescriptions } from "./doc-comments.ts";
import type { Main } from "./main-function.ts";
import type { Problems } from "./problems.ts";
import { SchemaWriter } from "./schema-of-type.ts";
import { takenParameters } from "./taken-parameters.ts";

const writtenTypeLength = 200;

/** Reads the parameters of a runbook from the type of its function's first parameter. */
export function readSignature(checker: ts.TypeChecker, main: Main, problems: Problems): Signature {
  if (main.parameter === undefined) return emptySignature;
  const { symbol, declaration } = main.parameter;
  const type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(symbol, declaration));
  if (!isObject(type, checker)) {
    reportOther(type, declaration, checker, problems);
    return emptySignature;
  }
  if (checker.getIndexInfosOfType(type).length > 0) {
    problems.error(
      "parameters-without-names",
      declaration,
      `Every parameter needs a name. Put the record into one: "{ values }: { values: ${checker.typeToString(type)} }".`,
    );
  }
  const writer = new SchemaWriter(checker, problems);
  const descriptions = parameterDescriptions(main.signature.getDeclaration());
  const taken = takenParameters(declaration, checker);
  const properties: Record<string, ParameterSchema> = {};
  const required: string[] = [];
  for (const property of checker.getPropertiesOfType(type)) {
    const converted = writer.property(property, declaration);
    if (converted === undefined) continue;
    const { name } = property;
    const given = taken.get(name);
    const schema = { ...converted.schema };
    const comment = given === undefined ? undefined : docCommentOf(given.element);
    if (comment !== undefined && given !== undefined) addConstraints(schema, comment, given.element, problems);
    const description = schema.description ?? (comment?.description || descriptions.get(name));
    if (description !== undefined) schema.description = description;
    if (given?.literal !== undefined) schema.default = given.literal.value;
    if (containsSecret(schema, writer.definitions)) schema["x-secret"] = true;
    // A secret's default would be shown with the form, and has no business in a script.
    if (schema["x-secret"] === true) delete schema.default;
    schema["x-position"] = Object.keys(properties).length;
    schema["x-type"] ??= writtenType(property, declaration, checker);
    properties[name] = schema;
    if (!converted.isOptional && given?.hasDefault !== true && !("default" in schema)) required.push(name);
  }
  if (JSON.stringify(writer.definitions).includes('"x-asset":')) {
    const message =
      "A type that contains itself has a Credential in it, whose name could not be found among the parameters. Take the name as a string, and call credential(name).";
    problems.error("credential-in-recursive-type", declaration, message);
  }
  const definitions = Object.keys(writer.definitions).length > 0 ? { $defs: writer.definitions } : {};
  return { ...emptySignature, properties, required, ...definitions };
}

function isObject(type: ts.Type, checker: ts.TypeChecker): boolean {
  if (type.isIntersection()) return type.types.every((part) => isObject(part, checker));
  return (
    (type.flags & ts.TypeFlags.Object) !== 0 &&
    !checker.isArrayType(type) &&
    !checker.isTupleType(type) &&
    type.getCallSignatures().length === 0
  );
}

function reportOther(type: ts.Type, at: ts.ParameterDeclaration, checker: ts.TypeChecker, problems: Problems): void {
  const name = ts.isIdentifier(at.name) ? at.name.text : "value";
  const written = checker.typeToString(type);
  if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) {
    const message = `The parameters have no type, so the runbook takes none. Write them out, such as "{ name }: { name: string }".`;
    problems.warning("parameters-without-type", at, message);
  } else if (type.isUnion()) {
    const message = `The parameters are one of several types ("${written}"). Write one type, and make optional what is not always given.`;
    problems.error("parameters-union", at, message);
  } else {
    const message = `A runbook's function takes one object of named parameters, not "${written}". Write "{ ${name} }: { ${name}: ${written} }".`;
    problems.error("parameters-not-an-object", at, message);
  }
}

/** What a secret is a part of is secret, so that no part of it is shown; also by way of types that contain themselves. */
function containsSecret(
  schema: unknown,
  definitions: Readonly<Record<string, ParameterSchema>>,
  followed = new Set<string>(),
): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  const { "x-secret": isSecret, $ref } = schema as ParameterSchema;
  if (isSecret === true) return true;
  if (typeof $ref === "string" && !followed.has($ref)) {
    followed.add($ref);
    const name = $ref.slice("#/$defs/".length);
    if (containsSecret(definitions[name], definitions, followed)) return true;
  }
  return Object.values(schema).some((part) => containsSecret(part, definitions, followed));
}

function writtenType(property: ts.Symbol, at: ts.Node, checker: ts.TypeChecker): string {
  const declaration = property.valueDeclaration;
  const node = declaration !== undefined && ts.isPropertySignature(declaration) ? declaration.type : undefined;
  const text = node?.getText().replaceAll(/\s+/g, " ");
  if (text !== undefined && text.length <= writtenTypeLength) return text;
  const type = checker.getTypeOfSymbolAtLocation(property, at);
  return checker.typeToString(type, at).slice(0, writtenTypeLength);
}
