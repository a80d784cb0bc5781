import fc from "fast-check";

/** JSON Schema, as the OpenAPI document has it. */
export type Schema = Readonly<Record<string, unknown>>;

/** Names and ids of what is there, so that requests meet something. */
export interface KnownThings {
  ids: readonly string[];
  names: readonly string[];
}

/** Deeper than this a schema that names itself gives the smallest value. */
const deepest = 5;

/** Values that a schema means; now and then one that it does not. */
export class SchemaValues {
  readonly #components: Readonly<Record<string, Schema>>;
  readonly #known: KnownThings;

  constructor(components: Readonly<Record<string, Schema>>, known: KnownThings) {
    this.#components = components;
    this.#known = known;
  }

  of(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
    const reference = schema["$ref"];
    if (typeof reference === "string") {
      return this.of(this.#components[reference.split("/").at(-1) ?? ""] ?? {}, depth + 1);
    }
    if ("const" in schema) return fc.constant(schema["const"]);
    if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
    for (const choice of ["oneOf", "anyOf"]) {
      const schemas = schema[choice];
      if (Array.isArray(schemas) && schemas.length > 0) {
        const { [choice]: _, ...rest } = schema;
        return fc.oneof(...(schemas as Schema[]).map((one) => this.of(together(rest, one), depth + 1)));
      }
    }
    if (Array.isArray(schema["allOf"])) {
      const { allOf, ...rest } = schema;
      return this.of((allOf as Schema[]).reduce(together, rest), depth + 1);
    }
    const types = [schema["type"]].flat();
    return fc.oneof(...types.map((type) => this.#ofType(type, schema, depth)));
  }

  #ofType(type: unknown, schema: Schema, depth: number): fc.Arbitrary<unknown> {
    switch (type) {
      case "null":
        return fc.constant(null);
      case "boolean":
        return fc.boolean();
      case "integer":
        return fc.integer(boundsOf(schema));
      case "number":
        return fc.double({ ...boundsOf(schema), noNaN: true, noDefaultInfinity: true });
      case "string":
        return this.#text(schema);
      case "array": {
        const items = (schema["items"] ?? {}) as Schema;
        const minLength = numberOf(schema["minItems"]) ?? 0;
        const maxLength = Math.min(numberOf(schema["maxItems"]) ?? 4, depth > deepest ? minLength : minLength + 3);
        return schema["uniqueItems"] === true
          ? fc.uniqueArray(this.of(items, depth + 1), {
              minLength,
              maxLength,
              selector: (item) => JSON.stringify(item),
            })
          : fc.array(this.of(items, depth + 1), { minLength, maxLength });
      }
      case "object":
        return this.#object(schema, depth);
      default:
        return depth > deepest ? fc.constant(null) : fc.jsonValue({ maxDepth: 2 });
    }
  }

  #object(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const properties = (schema["properties"] ?? {}) as Record<string, Schema>;
    const required = new Set((schema["required"] ?? []) as string[]);
    const wanted = Object.entries(properties).filter(([name]) => depth <= deepest || required.has(name));
    const members = Object.fromEntries(wanted.map(([name, member]) => [name, this.of(member, depth + 1)]));
    const told = fc.record(members, {
      requiredKeys: wanted.map(([name]) => name).filter((name) => required.has(name)),
    });
    const more = schema["additionalProperties"];
    return typeof more === "object" && more !== null
      ? fc
          .tuple(
            told,
            fc.dictionary(fc.constantFrom("one", "two", ...this.#known.names), this.of(more as Schema, depth + 1), {
              maxKeys: 3,
            }),
          )
          .map(([one, other]) => ({ ...other, ...one }))
      : told;
  }

  #text(schema: Schema): fc.Arbitrary<string> {
    const { pattern, format } = schema;
    const minLength = numberOf(schema["minLength"]) ?? 0;
    const maxLength = Math.min(numberOf(schema["maxLength"]) ?? 40, minLength + 60);
    if (typeof pattern === "string") {
      const matching = fc.stringMatching(new RegExp(pattern));
      return /0-9a-f|0-9a-fA-F/.test(pattern) ? fc.oneof(this.#one(this.#known.ids), matching) : matching;
    }
    switch (format) {
      case "date-time":
        return fc
          .date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") })
          .map((date) => date.toISOString());
      case "date":
        return fc
          .date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") })
          .map((date) => date.toISOString().slice(0, 10));
      case "uri":
        return fc.constantFrom("https://example.invalid/hook", "http://127.0.0.1:9/hook");
      default:
        return fc.oneof(
          this.#one(
            [...this.#known.names, ...this.#known.ids].filter(
              (name) => name.length >= minLength && name.length <= maxLength,
            ),
          ),
          fc.string({ minLength, maxLength }),
          fc.string({ minLength, maxLength, unit: fc.constantFrom(..."abcXYZ019-_") }),
          // Scripts come as base64.
          fc.constantFrom("'x'", "console.log(1)").map((script) => Buffer.from(script).toString("base64")),
        );
    }
  }

  #one(texts: readonly string[]): fc.Arbitrary<string> {
    return texts.length === 0 ? fc.constant("nothing") : fc.constantFrom(...texts);
  }
}

/** Both schemas at once, as far as values are made of it. */
function together(one: Schema, other: Schema): Schema {
  return {
    ...one,
    ...other,
    ...(("properties" in one || "properties" in other) && {
      properties: { ...(one["properties"] as object), ...(other["properties"] as object) },
    }),
    ...(("required" in one || "required" in other) && {
      required: [...((one["required"] ?? []) as string[]), ...((other["required"] ?? []) as string[])],
    }),
  };
}

function boundsOf(schema: Schema): { min: number; max: number } {
  const min = numberOf(schema["minimum"]) ?? -1_000;
  return { min, max: Math.max(min, numberOf(schema["maximum"]) ?? min + 1_000_000) };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
