import fc from "fast-check";
import type { KnownThings, Schema } from "./schema-values.ts";
import { SchemaValues } from "./schema-values.ts";
import { mangled, strangeText, strangeTexts } from "./strange-values.ts";

/** A request as it is sent. */
export interface FuzzRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
  /** Who sends it: in most cases somebody who may do everything, since others get no further than the first check. */
  as: "administrator" | "reader" | "worker" | "nobody" | "stranger";
}

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  schema: Schema;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** Ends whoever asks, or what asks; a campaign that calls it tests nothing afterwards. */
const spared = new Set(["DELETE /api/session"]);

/** Requests to every operation of the document, valid ones and mangled ones. */
export function apiRequests(document: ApiDocument, known: KnownThings): fc.Arbitrary<FuzzRequest> {
  const values = new SchemaValues(document.components.schemas, known);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation }))
      .filter(({ method }) => !spared.has(`${method} ${path}`)),
  );
  return fc.oneof(...operations.map((operation) => requestsTo(operation, values, known)));
}

function requestsTo(
  { method, path, operation }: { method: string; path: string; operation: Operation },
  values: SchemaValues,
  known: KnownThings,
): fc.Arbitrary<FuzzRequest> {
  const ofPlace = (place: Parameter["in"]) =>
    (operation.parameters ?? []).filter((parameter) => parameter.in === place);
  const inPath = ofPlace("path").map(({ schema }) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...known.ids, ...known.names) },
      { weight: 2, arbitrary: values.of(schema).map(String) },
      { weight: 1, arbitrary: strangeText },
    ),
  );
  const inQuery = fc.record(
    Object.fromEntries(ofPlace("query").map(({ name, schema }) => [name, oftenMangled(values.of(schema))])),
    { requiredKeys: [] },
  );
  const schema = operation.requestBody?.content["application/json"]?.schema;
  const body = schema === undefined ? fc.constant(undefined) : oftenMangled(values.of(schema));
  return fc
    .record({
      path: fc.tuple(...inPath),
      query: inQuery,
      body,
      bytes: bodyBytes,
      headers: headers(ofPlace("header").map(({ name }) => name)),
      as: fc.oneof(
        { weight: 20, arbitrary: fc.constant<FuzzRequest["as"]>("administrator") },
        { weight: 5, arbitrary: fc.constant<FuzzRequest["as"]>("reader") },
        { weight: 1, arbitrary: fc.constantFrom<FuzzRequest["as"]>("worker", "nobody", "stranger") },
      ),
      repeatsParameter: fc.oneof(
        { weight: 30, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
    })
    .map(({ path: parts, query, body: value, bytes, headers: sent, as, repeatsParameter }) => {
      const names = ofPlace("path").map(({ name }) => name);
      const filled = names.reduce((text, name, index) => text.replace(`{${name}}`, inUrl(parts[index] ?? "")), path);
      const pairs = Object.entries(query).map(([name, part]) => `${inUrl(name)}=${inUrl(textOf(part))}`);
      const all = repeatsParameter ? [...pairs, ...pairs] : pairs;
      return {
        method,
        path: all.length === 0 ? filled : `${filled}?${all.join("&")}`,
        headers: { ...(value !== undefined && { "content-type": "application/json" }), ...sent },
        body: value === undefined ? null : bytes(value),
        as,
      };
    });
}

function oftenMangled(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 3, arbitrary: values }, { weight: 2, arbitrary: values.chain(mangled) });
}

/** How a value becomes a body: as JSON, and now and then not quite. */
const bodyBytes: fc.Arbitrary<(value: unknown) => Buffer> = fc.oneof(
  { weight: 30, arbitrary: fc.constant((value: unknown) => Buffer.from(JSON.stringify(value) ?? "null")) },
  {
    weight: 1,
    arbitrary: fc.nat().map((cut) => (value: unknown) => {
      const whole = Buffer.from(JSON.stringify(value) ?? "null");
      return whole.subarray(0, cut % (whole.length + 1));
    }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => () => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constant((value: unknown) => Buffer.from(JSON.stringify(value) ?? "null", "utf16le")) },
  { weight: 1, arbitrary: fc.constant(() => Buffer.from('{"a":1,"a":2,"__proto__":{"b":1}}')) },
);

const headerText = fc.oneof(
  fc.constantFrom(...strangeTexts.filter((text) => /^[\x20-\x7e]*$/.test(text) && text.length < 1_000)),
  fc.string({ maxLength: 60 }),
);

const unusualHeaders: Record<string, fc.Arbitrary<string>> = {
  accept: fc.oneof(fc.constantFrom("text/event-stream", "text/plain", "application/xml", "*/*;q=0"), headerText),
  "content-type": fc.oneof(
    fc.constantFrom("text/plain", "application/json; charset=utf-16", "application/xml"),
    headerText,
  ),
  "content-encoding": fc.constantFrom("gzip", "br", "identity", "x"),
  "if-none-match": fc.oneof(fc.constantFrom('"1"', "*", 'W/"1"'), headerText),
  range: fc.constantFrom("bytes=0-1", "bytes=-1", "x"),
  "x-forwarded-for": headerText,
  "x-forwarded-proto": fc.constantFrom("https", "x"),
  "x-http-method-override": fc.constantFrom("DELETE", "PUT"),
  cookie: fc.oneof(fc.constantFrom("a=b", "=", "runsmith-session=x"), headerText),
  origin: fc.constantFrom("null", "https://example.invalid", "http://127.0.0.1"),
  "last-event-id": fc.oneof(fc.constantFrom("1.1", "0.0", "-1.5", "x"), headerText),
};

function headers(declared: readonly string[]): fc.Arbitrary<Record<string, string>> {
  const own: Record<string, fc.Arbitrary<string>> = {};
  if (declared.includes("Idempotency-Key")) {
    own["idempotency-key"] = fc.oneof(fc.constantFrom("one", "two"), fc.uuid(), headerText);
  }
  if (declared.includes("If-Match")) {
    own["if-match"] = fc.oneof(fc.constantFrom('"1"', '"2"', "*", 'W/"1"', '"1", "2"', "1"), headerText);
  }
  const unusual = fc.oneof(
    { weight: 5, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...Object.keys(unusualHeaders))
        .chain((name) => (unusualHeaders[name] ?? headerText).map((text) => ({ [name]: text }))),
    },
  );
  return fc
    .tuple(fc.record(own, { requiredKeys: [] }), unusual)
    .map(([one, other]) => cleaned({ ...one, ...other } as Record<string, string>));
}

/** What a client's own library would refuse to send is sent by `raw-requests.ts`. */
function cleaned(sent: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sent).map(([name, text]) => [name, text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "").trim()]),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function inUrl(text: string): string {
  return encodeURIComponent(text.slice(0, 3_000).toWellFormed());
}
