import { longestAssetName } from "../../contract/assets.ts";
import type { ParameterSchema } from "../../contract/signature.ts";
import { ts } from "./compiler.ts";
import { addConstraints } from "./constraints.ts";
import { docCommentOf } from "./doc-comments.ts";
import type { Problems } from "./problems.ts";
import { scriptPath } from "./script-program.ts";

/** A schema of more parts than this is not a form that anybody fills in. */
const partLimit = 5_000;

/** What stands in a type and cannot be given as JSON, for a person. */
interface Inexpressible {
  inexpressible: string;
  remedy: string;
}

/**
 * Turns types, resolved by the checker, into JSON Schema 2020-12. What cannot be expressed becomes a problem: an error
 * where a value must be given, a warning where it may be left out (and is then left out of the schema).
 */
export class SchemaWriter {
  /** Schemas of types that contain themselves, by name. */
  readonly definitions: Record<string, ParameterSchema> = {};
  readonly #checker: ts.TypeChecker;
  readonly #problems: Problems;
  readonly #open: ts.Type[] = [];
  readonly #recursive = new Map<ts.Type, string>();
  #parts = 0;

  constructor(checker: ts.TypeChecker, problems: Problems) {
    this.#checker = checker;
    this.#problems = problems;
  }

  /** The schema of a property's type; undefined when the property cannot be given at all. */
  property(property: ts.Symbol, at: ts.Node): { schema: ParameterSchema; isOptional: boolean } | undefined {
    const declaration = property.valueDeclaration ?? property.declarations?.[0];
    const place = declaration?.getSourceFile() === at.getSourceFile() ? declaration : at;
    const type = this.#checker.getTypeOfSymbolAtLocation(property, at);
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0 || includesUndefined(type);
    const schema = this.#convert(type, place, typeNodeOf(declaration));
    if ("inexpressible" in schema) {
      this.#report(property.name, schema as unknown as Inexpressible, isOptional, place);
      return isOptional ? undefined : { schema: {}, isOptional };
    }
    if (Object.keys(schema).length === 0 && this.#parts <= partLimit) {
      const message = `"${property.name}" is of type "${this.#checker.typeToString(type)}", so any value is taken. Write the type it has.`;
      this.#problems.warning("any-type", place, message);
    }
    if (declaration !== undefined) {
      const comment = docCommentOf(declaration);
      if (comment.description !== "") schema.description = comment.description;
      addConstraints(schema, comment, place, this.#problems);
    }
    return { schema, isOptional };
  }

  #report(name: string, { inexpressible, remedy }: Inexpressible, isOptional: boolean, at: ts.Node): void {
    if (isOptional) {
      this.#problems.warning(
        "parameter-left-out",
        at,
        `"${name}" is left out of the parameters: ${inexpressible}. ${remedy}`,
      );
    } else {
      this.#problems.error("inexpressible-type", at, `"${name}" cannot be a parameter: ${inexpressible}. ${remedy}`);
    }
  }

  #convert(type: ts.Type, at: ts.Node, node?: ts.TypeNode): ParameterSchema | Inexpressible {
    if (++this.#parts > partLimit) {
      return {
        inexpressible: "its type has too many parts",
        remedy: "Write a smaller type, or take the value as JSON text.",
      };
    }
    const simple = this.#simple(type);
    if (simple !== undefined) return simple;
    // What has no name of its own can contain itself through a type with a name only.
    const isNameless = type.isUnion() || this.#checker.isArrayType(type) || this.#checker.isTupleType(type);
    if (isNameless && type.aliasSymbol === undefined) return this.#compound(type, at, node);
    const recursiveName = this.#enter(type);
    if (recursiveName !== undefined) return { $ref: `#/$defs/${recursiveName}` };
    const schema = this.#compound(type, at, node);
    this.#open.pop();
    const name = this.#recursive.get(type);
    if (name === undefined || "inexpressible" in schema) return schema;
    this.definitions[name] = schema as ParameterSchema;
    return { $ref: `#/$defs/${name}` };
  }

  #compound(type: ts.Type, at: ts.Node, node?: ts.TypeNode): ParameterSchema | Inexpressible {
    return type.isUnion() ? this.#union(type, at, node) : this.#structure(type, at, node);
  }

  /** Notes that a type is being converted; when it already is, it contains itself and gets a name. */
  #enter(type: ts.Type): string | undefined {
    if (this.#recursive.has(type) || this.#open.includes(type)) {
      const name = this.#recursive.get(type) ?? this.#nameFor(type);
      this.#recursive.set(type, name);
      return name;
    }
    this.#open.push(type);
    return undefined;
  }

  #nameFor(type: ts.Type): string {
    const wanted = (type.aliasSymbol ?? type.symbol)?.name.replaceAll(/\W/g, "") || "Type";
    const taken = new Set([...this.#recursive.values()]);
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}${number}`;
    return name;
  }

  /** Types without parts. */
  #simple(type: ts.Type): ParameterSchema | Inexpressible | undefined {
    const { flags } = type;
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {};
    if (flags & ts.TypeFlags.StringLiteral) return { type: "string", const: (type as ts.StringLiteralType).value };
    if (flags & ts.TypeFlags.NumberLiteral) return { type: "number", const: (type as ts.NumberLiteralType).value };
    if (flags & ts.TypeFlags.BooleanLiteral)
      return { type: "boolean", const: this.#checker.typeToString(type) === "true" };
    if (flags & ts.TypeFlags.TemplateLiteral)
      return { type: "string", pattern: patternOf(type as ts.TemplateLiteralType) };
    if (flags & ts.TypeFlags.StringLike) return { type: "string" };
    if (flags & ts.TypeFlags.NumberLike) return { type: "number" };
    if (flags & ts.TypeFlags.Boolean) return { type: "boolean" };
    if (flags & ts.TypeFlags.Null) return { type: "null" };
    if (flags & ts.TypeFlags.BigIntLike) {
      return { inexpressible: "JSON has no bigint", remedy: "Take a number, or a string and BigInt(…) it." };
    }
    if (flags & ts.TypeFlags.ESSymbolLike) return { inexpressible: "JSON has no symbols", remedy: "Take a string." };
    if (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void | ts.TypeFlags.Never)) {
      return { inexpressible: "no value has its type", remedy: "Take it out, or write another type." };
    }
    if (flags & ts.TypeFlags.NonPrimitive) return { type: "object" };
    if (flags & ts.TypeFlags.Instantiable && this.#constraintOf(type) === undefined) {
      return {
        inexpressible: "its type is not known before the function is called",
        remedy: "Write the type itself in place of a type parameter.",
      };
    }
    return undefined;
  }

  #union(union: ts.UnionType, at: ts.Node, node: ts.TypeNode | undefined): ParameterSchema | Inexpressible {
    // JSON has no undefined: a member that may be undefined may be left out.
    const members = this.#inOrder(union, node).filter((member) => !(member.flags & ts.TypeFlags.Undefined));
    const literals = members.filter((member) => member.isStringLiteral() || member.isNumberLiteral());
    const booleans = members.filter((member) => member.flags & ts.TypeFlags.BooleanLiteral);
    const others = members.filter((member) => !literals.includes(member as never) && !booleans.includes(member));
    const branches: ParameterSchema[] = [];
    if (literals.length > 0) branches.push(choicesOf(literals));
    if (booleans.length === 2) branches.push({ type: "boolean" });
    else for (const boolean of booleans) branches.push(this.#simple(boolean) as ParameterSchema);
    for (const other of others) {
      const schema = this.#convert(other, at, this.#nodeOf(other, node));
      if ("inexpressible" in schema) return schema;
      // A union with a type that takes everything takes everything.
      if (Object.keys(schema).length === 0) return {};
      branches.push(schema as ParameterSchema);
    }
    const [only] = branches;
    return branches.length === 1 && only !== undefined ? only : { anyOf: branches };
  }

  #structure(type: ts.Type, at: ts.Node, node: ts.TypeNode | undefined): ParameterSchema | Inexpressible {
    const checker = this.#checker;
    const constraint = this.#constraintOf(type);
    if (constraint !== undefined) return this.#convert(constraint, at);
    if (checker.isTupleType(type)) return this.#tuple(type as ts.TypeReference, at);
    if (checker.isArrayType(type)) return this.#array(type as ts.TypeReference, at, node);
    if (type.isIntersection()) {
      const primitive = type.types.find(
        (part) => part.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike | ts.TypeFlags.BooleanLike),
      );
      // A branded primitive: the brand is for the checker only.
      if (primitive !== undefined)
        return { ...this.#convert(primitive, at), ...(isSecret(type) ? { "x-secret": true } : {}) };
    }
    if (isBuiltIn(type, "Date")) return { type: "string", format: "date-time", "x-type": "Date" };
    if (isBuiltIn(type, "Credential")) return credentialSchema();
    const foreign = this.#foreignClass(type);
    if (foreign !== undefined) return foreign;
    if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) {
      return {
        inexpressible: "a function cannot be given as JSON",
        remedy: "Take a name or an option and choose the function in the script.",
      };
    }
    return this.#object(type, at);
  }

  /** What a type parameter, or a type made of one, is at least. */
  #constraintOf(type: ts.Type): ts.Type | undefined {
    if (!(type.flags & ts.TypeFlags.Instantiable)) return undefined;
    const constraint = this.#checker.getBaseConstraintOfType(type);
    const isKnown =
      constraint !== undefined && !(constraint.flags & (ts.TypeFlags.Instantiable | ts.TypeFlags.Unknown));
    return isKnown ? constraint : undefined;
  }

  #array(type: ts.TypeReference, at: ts.Node, node: ts.TypeNode | undefined): ParameterSchema | Inexpressible {
    const [item] = this.#checker.getTypeArguments(type);
    if (item === undefined) return { type: "array" };
    const items = this.#convert(item, at, node && elementNodeOf(node));
    return "inexpressible" in items ? items : { type: "array", items };
  }

  #tuple(type: ts.TypeReference, at: ts.Node): ParameterSchema | Inexpressible {
    const { elementFlags, minLength } = type.target as ts.TupleType;
    const prefixItems: ParameterSchema[] = [];
    let items: ParameterSchema | false = false;
    for (const [index, element] of this.#checker.getTypeArguments(type).entries()) {
      const schema = this.#convert(element, at);
      if ("inexpressible" in schema) return schema;
      if ((elementFlags[index] ?? 0) & ts.ElementFlags.Variable) items = schema as ParameterSchema;
      else prefixItems.push(schema as ParameterSchema);
    }
    const length = items === false ? { maxItems: prefixItems.length } : {};
    return { type: "array", prefixItems, items, minItems: minLength, ...length };
  }

  #object(type: ts.Type, at: ts.Node): ParameterSchema | Inexpressible {
    const properties: Record<string, ParameterSchema> = {};
    const required: string[] = [];
    const index = this.#checker.getIndexInfoOfType(type, ts.IndexKind.String);
    const members = this.#checker.getPropertiesOfType(type);
    // `{}` is any value but null and undefined.
    if (members.length === 0 && index === undefined && type.symbol?.name === "__type") return {};
    for (const member of members) {
      const converted = this.property(member, at);
      if (converted === undefined) continue;
      properties[member.name] = converted.schema;
      if (!converted.isOptional) required.push(member.name);
    }
    const others = index === undefined ? false : this.#convert(index.type, at);
    if (others !== false && "inexpressible" in others) return others;
    return {
      type: "object",
      ...(members.length > 0 ? { properties } : {}),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: others !== false && Object.keys(others).length === 0 ? true : others,
    };
  }

  /** Instances of classes, of the language's or the script's own, are more than their data. */
  #foreignClass(type: ts.Type): Inexpressible | undefined {
    const symbol = type.getSymbol();
    if (symbol === undefined || !(symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))) return undefined;
    const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0 || isDeclaredInLibrary(symbol);
    if (!isClass) return undefined;
    const { name } = symbol;
    const remedies: Record<string, string> = {
      Map: "Take a Record<string, …> and make the Map in the script.",
      Set: "Take an array and make the Set in the script.",
      RegExp: "Take a string and make the RegExp in the script.",
      URL: "Take a string (with @format uri) and make the URL in the script.",
      Buffer: "Take a string, in base64, and decode it in the script.",
      Uint8Array: "Take a string, in base64, and decode it in the script.",
    };
    return {
      inexpressible: `a ${name} cannot be given as JSON`,
      remedy: remedies[name] ?? "Take the data it is made of, as an interface or a type.",
    };
  }

  /** The members of a union as the script writes them; the checker sorts them by when it met them first. */
  #inOrder(union: ts.UnionType, node: ts.TypeNode | undefined): ts.Type[] {
    const written = unionNodeOf(node, this.#checker);
    if (written === undefined) return union.types;
    const places = written.types.map((each) => this.#checker.getTypeFromTypeNode(each));
    const place = (type: ts.Type) => {
      const index = places.findIndex((each) => each === type || (each.isUnion() && each.types.includes(type)));
      return index < 0 ? places.length : index;
    };
    return union.types.toSorted((a, b) => place(a) - place(b));
  }

  #nodeOf(type: ts.Type, node: ts.TypeNode | undefined): ts.TypeNode | undefined {
    return unionNodeOf(node, this.#checker)?.types.find((each) => this.#checker.getTypeFromTypeNode(each) === type);
  }
}

function choicesOf(literals: (ts.StringLiteralType | ts.NumberLiteralType)[]): ParameterSchema {
  const values = literals.map(({ value }) => value);
  const types = new Set(values.map((value) => typeof value));
  const [type] = types;
  if (types.size > 1 || type === undefined) return { enum: values };
  return values.length === 1 ? { type, const: values[0] } : { type, enum: values };
}

/** Whoever starts the runbook names a credential. */
function credentialSchema(): ParameterSchema {
  return { type: "string", minLength: 1, maxLength: longestAssetName.credential, "x-asset": "credential" };
}

function includesUndefined(type: ts.Type): boolean {
  return type.isUnion() && type.types.some((member) => member.flags & ts.TypeFlags.Undefined);
}

function isSecret(type: ts.Type): boolean {
  const symbol = type.aliasSymbol;
  return symbol?.name === "Secret" && isDeclaredInLibrary(symbol);
}

function isBuiltIn(type: ts.Type, name: string): boolean {
  const symbol = type.getSymbol();
  return symbol?.name === name && isDeclaredInLibrary(symbol);
}

function isDeclaredInLibrary(symbol: ts.Symbol): boolean {
  return symbol.declarations?.some((declaration) => declaration.getSourceFile().fileName !== scriptPath) ?? false;
}

function typeNodeOf(declaration: ts.Declaration | undefined): ts.TypeNode | undefined {
  return declaration !== undefined && (ts.isPropertySignature(declaration) || ts.isPropertyDeclaration(declaration))
    ? declaration.type
    : undefined;
}

/** The union that a type is written as, looked up behind its name. */
function unionNodeOf(node: ts.TypeNode | undefined, checker: ts.TypeChecker): ts.UnionTypeNode | undefined {
  if (node === undefined) return undefined;
  if (ts.isUnionTypeNode(node)) return node;
  if (ts.isParenthesizedTypeNode(node)) return unionNodeOf(node.type, checker);
  if (!ts.isTypeReferenceNode(node) || node.typeArguments !== undefined) return undefined;
  const alias = checker.getSymbolAtLocation(node.typeName)?.declarations?.find(ts.isTypeAliasDeclaration);
  return alias === undefined ? undefined : unionNodeOf(alias.type, checker);
}

function elementNodeOf(node: ts.TypeNode): ts.TypeNode | undefined {
  if (ts.isArrayTypeNode(node)) return node.elementType;
  if (ts.isTypeOperatorNode(node)) return elementNodeOf(node.type);
  return ts.isTypeReferenceNode(node) ? node.typeArguments?.[0] : undefined;
}

/** `v${number}.${string}` as a regular expression. */
function patternOf({ texts, types }: ts.TemplateLiteralType): string {
  const parts = texts.map((text, index) => {
    const type = types[index];
    const hole = type === undefined ? "" : type.flags & ts.TypeFlags.NumberLike ? "-?[0-9.]+(?:e[+-]?[0-9]+)?" : ".*";
    return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&") + hole;
  });
  return `^${parts.join("")}$`;
}
