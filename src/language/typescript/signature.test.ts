import assert from "node:assert/strict";
import { test } from "node:test";
import { analyseTypeScript } from "./analyse-typescript.ts";

/** Each parameter as a script writes it, and its schema without position and written type. */
const samples: {
  type: string;
  optional?: boolean;
  declarations?: string;
  schema: Record<string, unknown>;
  defs?: object;
}[] = [
  { type: "string", schema: { type: "string" } },
  { type: "number", schema: { type: "number" } },
  { type: "boolean", schema: { type: "boolean" } },
  { type: "null", schema: { type: "null" } },
  { type: '"a"', schema: { type: "string", const: "a" } },
  { type: '"zeta" | "alpha" | "utf8"', schema: { type: "string", enum: ["zeta", "alpha", "utf8"] } },
  {
    type: "Level",
    declarations: 'type Level = "warn" | "error" | "debug"',
    schema: { type: "string", enum: ["warn", "error", "debug"] },
  },
  {
    type: "(typeof sizes)[number]",
    declarations: 'const sizes = ["s-size", "m-size"] as const',
    schema: { type: "string", enum: ["s-size", "m-size"] },
  },
  { type: "1 | 2 | 3", schema: { type: "number", enum: [1, 2, 3] } },
  { type: '"auto" | 5', schema: { enum: ["auto", 5] } },
  { type: "true", schema: { type: "boolean", const: true } },
  { type: "string | number", schema: { anyOf: [{ type: "string" }, { type: "number" }] } },
  { type: "string | null", schema: { anyOf: [{ type: "string" }, { type: "null" }] } },
  { type: 'boolean | "auto"', schema: { anyOf: [{ type: "string", const: "auto" }, { type: "boolean" }] } },
  { type: "string[]", schema: { type: "array", items: { type: "string" } } },
  { type: "readonly number[]", schema: { type: "array", items: { type: "number" } } },
  { type: 'Array<"b" | "a">', schema: { type: "array", items: { type: "string", enum: ["b", "a"] } } },
  {
    type: "[string, number]",
    schema: {
      type: "array",
      prefixItems: [{ type: "string" }, { type: "number" }],
      items: false,
      minItems: 2,
      maxItems: 2,
    },
  },
  {
    type: "[host: string, port?: number, ...rest: boolean[]]",
    schema: {
      type: "array",
      prefixItems: [{ type: "string" }, { type: "number" }],
      items: { type: "boolean" },
      minItems: 1,
    },
  },
  {
    type: "{ host: string; port?: number }",
    schema: {
      type: "object",
      properties: { host: { type: "string" }, port: { type: "number" } },
      required: ["host"],
      additionalProperties: false,
    },
  },
  { type: "Record<string, number>", schema: { type: "object", additionalProperties: { type: "number" } } },
  {
    type: 'Record<"a" | "b", string>',
    schema: {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      required: ["a", "b"],
      additionalProperties: false,
    },
  },
  {
    type: 'Partial<Pick<Person, "name">> & Omit<Person, "name" | "age">',
    declarations: "interface Person { name: string; age: number; mail: string }",
    schema: {
      type: "object",
      properties: { name: { type: "string" }, mail: { type: "string" } },
      required: ["mail"],
      additionalProperties: false,
    },
  },
  {
    type: "Child",
    declarations: "interface Base { /** From the base. */ id: string } interface Child extends Base { size: number }",
    schema: {
      type: "object",
      properties: { size: { type: "number" }, id: { type: "string", description: "From the base." } },
      required: ["size", "id"],
      additionalProperties: false,
    },
  },
  {
    type: '{ kind: "file"; path: string } | { kind: "url"; url: string }',
    schema: {
      anyOf: [
        {
          type: "object",
          properties: { kind: { type: "string", const: "file" }, path: { type: "string" } },
          required: ["kind", "path"],
          additionalProperties: false,
        },
        {
          type: "object",
          properties: { kind: { type: "string", const: "url" }, url: { type: "string" } },
          required: ["kind", "url"],
          additionalProperties: false,
        },
      ],
    },
  },
  { type: "Date", schema: { type: "string", format: "date-time" } },
  { type: "Date[]", schema: { type: "array", items: { type: "string", format: "date-time", "x-type": "Date" } } },
  { type: "Secret", schema: { type: "string", "x-secret": true } },
  {
    type: "Secret | null",
    schema: { anyOf: [{ type: "string", "x-secret": true }, { type: "null" }], "x-secret": true },
  },
  { type: "Credential", schema: { type: "string", minLength: 1, maxLength: 128, "x-asset": "credential" } },
  {
    type: "Credential[]",
    schema: { type: "array", items: { type: "string", minLength: 1, maxLength: 128, "x-asset": "credential" } },
  },
  { type: "string & { __brand: 'Host' }", schema: { type: "string" } },
  { type: "`v\x24{number}`", schema: { type: "string", pattern: "^v-?[0-9.]+(?:e[+-]?[0-9]+)?$" } },
  { type: "object", schema: { type: "object" } },
  {
    type: "Tree",
    declarations: "interface Tree { name: string; children: Tree[] }",
    schema: { $ref: "#/$defs/Tree" },
    defs: {
      Tree: {
        type: "object",
        properties: { name: { type: "string" }, children: { type: "array", items: { $ref: "#/$defs/Tree" } } },
        required: ["name", "children"],
        additionalProperties: false,
      },
    },
  },
  {
    type: "Json",
    declarations: "type Json = string | null | Json[] | { [key: string]: Json }",
    schema: { $ref: "#/$defs/Json" },
    defs: {
      Json: {
        anyOf: [
          { type: "string" },
          { type: "null" },
          { type: "array", items: { $ref: "#/$defs/Json" } },
          { type: "object", additionalProperties: { $ref: "#/$defs/Json" } },
        ],
      },
    },
  },
];

test("every type that JSON can carry becomes its JSON Schema", async (context) => {
  for (const { type, declarations = "", schema, defs } of samples) {
    await context.test(type, () => {
      const source = `import type { Credential, Secret } from "runsmith";\n${declarations};\nexport default function ({ value }: { value: ${type} }) { return value; }`;
      const { signature, problems } = analyseTypeScript("sample", source);
      assert.deepEqual(problems, []);
      assert.deepEqual(signature.required, ["value"]);
      const { "x-position": position, "x-type": written, ...found } = signature.properties["value"] ?? {};
      assert.equal(position, 0);
      assert.equal(written, type);
      assert.deepEqual(found, schema);
      assert.deepEqual(signature.$defs, defs);
    });
  }
});

test("a question mark, undefined in the type or a default makes a parameter optional", () => {
  const { signature } = analyseTypeScript(
    "optional",
    `export default function ({ a, b = 1, c, d, e }: { a?: string; b: number; c: string | undefined; d: string; e?: string | null }) {}`,
  );
  assert.deepEqual(signature.required, ["d"]);
  assert.deepEqual(signature.properties["c"], { type: "string", "x-position": 2, "x-type": "string | undefined" });
});

test("defaults written in the script are taken over, computed ones only make the parameter optional", () => {
  const defaultsOf = (source: string) => {
    const { signature } = analyseTypeScript("defaults", source);
    assert.deepEqual(signature.required, []);
    return Object.fromEntries(Object.entries(signature.properties).map(([name, schema]) => [name, schema.default]));
  };
  const type =
    "{ a: string; b: number; c: boolean; d: string[]; e: { x: number }; f: number; g: string; h: string; i: number | null }";
  const pattern = `{ a = "x", b: renamed = -1.5, c = false, d = ["y"] as const, e = { x: 2 }, f = 60 * 1000, g = name, h = process.cwd(), i = null }`;
  const expected = { a: "x", b: -1.5, c: false, d: ["y"], e: { x: 2 }, f: 60_000, g: "svc", h: undefined, i: null };
  assert.deepEqual(
    defaultsOf(`const name = "svc";\nexport default async ({ ${pattern.slice(1, -1)} }: ${type}) => {};`),
    expected,
  );
  assert.deepEqual(
    defaultsOf(`const name = "svc";\nexport default function run(options: ${type}) { const ${pattern} = options; }`),
    expected,
  );
  assert.deepEqual(defaultsOf("export default ({ a = 1, b = true } = {}) => [a, b];"), { a: 1, b: true });
});

test("help comes from the members' doc comments, or from @param", () => {
  const { signature, synopsis } = analyseTypeScript(
    "help",
    `/**
 * Copies files
 * to a host.
 *
 * A long story.
 * @param host - The target.
 * @param options.files What to copy.
 * @param options.mode Not taken: the member says it better.
 */
export default function ({ host, files, mode }: {
  host: string;
  files: string[];
  /** How to copy,
   *  in octal. */
  mode?: string;
}) {}`,
  );
  const descriptions = Object.fromEntries(
    Object.entries(signature.properties).map(([name, schema]) => [name, schema.description]),
  );
  assert.deepEqual(descriptions, { host: "The target.", files: "What to copy.", mode: "How to copy,\nin octal." });
  assert.equal(synopsis, "Copies files to a host.");
});

test("tags of the doc comment constrain a parameter", () => {
  const { signature, problems } = analyseTypeScript(
    "constraints",
    `export default function (parameters: {
  /** @minimum 1 @maximum 65535 @integer */
  port: number;
  /** @pattern ^[a-z]{2,}-\\d+$
   *  @maxLength 20
   *  @example web-1 */
  host: string;
  /** @format email */
  mail: string | null;
  /** @minItems 1
   *  @uniqueItems
   *  @minLength 3 */
  names: string[];
  /** @secret */
  key: string;
  /** @default 5 */
  count?: number;
}) {}`,
  );
  assert.deepEqual(problems, []);
  const plain = Object.fromEntries(
    Object.entries(signature.properties).map(([name, { "x-position": _position, "x-type": _type, ...schema }]) => [
      name,
      schema,
    ]),
  );
  assert.deepEqual(plain, {
    port: { type: "integer", minimum: 1, maximum: 65535 },
    host: { type: "string", pattern: "^[a-z]{2,}-\\d+$", maxLength: 20, examples: ["web-1"] },
    mail: { anyOf: [{ type: "string", format: "email" }, { type: "null" }] },
    names: { type: "array", items: { type: "string", minLength: 3 }, minItems: 1, uniqueItems: true },
    key: { type: "string", "x-secret": true },
    count: { type: "number", default: 5 },
  });
});

test("a doc comment counts wherever it stands before a parameter", () => {
  const { signature } = analyseTypeScript(
    "places",
    `export default function ({ /** Who. */ user, /** @secret */ pin, last }: { user: string; pin: string; /** @secret */ key: string; /** Not here
*/
    last: number /** nor here */
    next: number }) {}`,
  );
  const of = (name: string) => signature.properties[name];
  assert.equal(of("user")?.description, "Who.");
  assert.equal(of("pin")?.["x-secret"], true);
  assert.equal(of("key")?.["x-secret"], true);
  assert.equal(of("next")?.description, undefined);
});

test("a constraint that does not fit is a warning with the reason", () => {
  const { problems } = analyseTypeScript(
    "bad constraints",
    `export default function (p: {
  /** @minimum one */ a: number;
  /** @pattern [ */ b: string;
  /** @format mail */ c: string;
  /** @maxLength 3 */ d: number;
}) {}`,
  );
  assert.deepEqual(
    problems.map(({ line, severity, code }) => [line, severity, code]),
    [
      [2, "warning", "invalid-constraint"],
      [3, "warning", "invalid-constraint"],
      [4, "warning", "invalid-constraint"],
      [5, "warning", "invalid-constraint"],
    ],
  );
});

test("a secret is never given a default, and what holds a secret is secret as a whole", () => {
  const { signature } = analyseTypeScript(
    "secrets",
    `import { type Secret } from "runsmith";
export default function ({ password = "hunter2" as Secret, login }: { password?: Secret; login: { user: string; password: Secret } }) {}`,
  );
  assert.equal(signature.properties["password"]?.["x-secret"], true);
  assert.equal("default" in (signature.properties["password"] ?? {}), false);
  assert.equal(signature.properties["login"]?.["x-secret"], true);
});

test("a credential that is part of a type that contains itself is an error, as nobody would find its name there", () => {
  const { problems } = analyseTypeScript(
    "credentials",
    `import type { Credential } from "runsmith";
interface Server { login: Credential; next?: Server }
export default function (p: { login: Credential; server: Server }) {}`,
  );
  assert.deepEqual(
    problems.map(({ severity, code }) => [severity, code]),
    [["error", "credential-in-recursive-type"]],
  );
});

test("what reaches a secret through types that contain themselves is secret as a whole, and nothing else is", () => {
  const { signature, problems } = analyseTypeScript(
    "secrets",
    `import type { Secret } from "runsmith";
interface Login { password: Secret; next?: Login }
interface Server { name: string; peers: Server[]; login: Login }
interface Tree { name: string; children: Tree[] }
export default function (p: { login: Login; logins: Login[]; server: Server; tree: Tree }) {}`,
  );
  assert.deepEqual(problems, []);
  const secrets = Object.keys(signature.properties).filter((name) => signature.properties[name]?.["x-secret"] === true);
  assert.deepEqual(secrets, ["login", "logins", "server"]);
});

test("every way to write the default function gives the same signature", () => {
  for (const source of [
    "export default function ({ n }: { n: number }) {}",
    "export default async function run({ n }: { n: number }) {}",
    "export default async ({ n }: { n: number }) => {};",
    "const run = ({ n }: { n: number }) => {};\nexport default run;",
    "function run({ n }: { n: number }) {}\nexport { run as default };",
    "interface P { n: number }\nexport default function (p: P) { return p.n; }",
    "export default function (p: Readonly<{ n: number }>, { signal }: { signal: AbortSignal }) { return p.n; }",
    "export default function <T extends { n: number }>(p: { n: T['n'] }) { return p.n; }",
    "type Run = (p: { n: number }) => void;\nexport default ((p) => { p.n; }) satisfies Run;",
  ]) {
    const { signature, problems } = analyseTypeScript("forms", source);
    assert.deepEqual(problems, [], source);
    assert.equal(signature.properties["n"]?.["type"], "number", source);
    assert.deepEqual(signature.required, ["n"], source);
  }
});

test("a script without parameters, or without a function, has an empty signature and runs", () => {
  for (const source of [
    "export default function () { console.log(1); }",
    "console.log('a script');",
    "await new Promise((resolve) => setTimeout(resolve, 1));\nfor (const x of [1]) console.log(x);",
    "const answer = JSON.stringify(await fetch('http://x'));",
  ]) {
    const { signature, problems, executable } = analyseTypeScript("none", source);
    assert.deepEqual(problems, []);
    assert.deepEqual(signature.properties, {});
    assert.equal(executable, source);
  }
});
