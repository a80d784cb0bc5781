import assert from "node:assert/strict";
import { test } from "node:test";
import { structuredValueBytes } from "../../../src/contract/stream.ts";
import { structuredValue } from "./structured-value.ts";

const plain = (value: unknown) => JSON.parse(JSON.stringify(structuredValue(value).value)) as unknown;

test("data comes through as it is", () => {
  const data = { text: "a", number: 1.5, yes: true, nothing: null, list: [1, [2]], deep: { er: { x: 1 } } };
  assert.deepEqual(structuredValue(data).cut, false);
  assert.deepEqual(plain(data), data);
});

test("what JSON does not know becomes what is next to it", () => {
  const value = {
    date: new Date(0),
    invalid: new Date(Number.NaN),
    map: new Map([["a", 1]]),
    pairs: new Map([[1, "x"]]),
    set: new Set([1, 2]),
    big: 12345678901234567890n,
    buffer: Buffer.from("hi"),
    nan: Number.NaN,
    url: new URL("http://x/"),
    pattern: /a+/g,
    absent: undefined,
    call: () => 1,
    own: { toJSON: () => ["own"] },
    floats: new Float32Array([0.5]),
  };
  assert.deepEqual(plain(value), {
    date: "1970-01-01T00:00:00.000Z",
    invalid: null,
    map: { a: 1 },
    pairs: [[1, "x"]],
    set: [1, 2],
    big: "12345678901234567890",
    buffer: "aGk=",
    nan: "NaN",
    url: "http://x/",
    pattern: "/a+/g",
    own: ["own"],
    floats: [0.5],
  });
});

test("what is too deep is named in its place, and the cut is marked", () => {
  class Disk {
    size = 1;
  }
  const value = { a: { b: { disk: new Disk(), list: [1, 2], empty: [], map: new Map([["a", 1]]) } } };
  assert.deepEqual(structuredValue(value).cut, true);
  assert.deepEqual(plain(value), { a: { b: { disk: "[Disk]", list: "[Array(2)]", empty: [], map: "[Map]" } } });
});

test("failing getters are skipped, cycles and hostile objects are marked", () => {
  const value: Record<string, unknown> = {
    good: 1,
    get bad(): never {
      throw new Error("no");
    },
    hostile: new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    ),
  };
  value["self"] = value;
  value["__proto__x"] = 1;
  assert.deepEqual(plain(value), { good: 1, hostile: "[unreadable]", self: "[Circular]", __proto__x: 1 });
  assert.equal(structuredValue(value).cut, true);
  const shared = { x: 1 };
  assert.deepEqual(plain([shared, shared]), [{ x: 1 }, { x: 1 }]);
});

test("errors keep their name, message and own members", () => {
  const error = Object.assign(new TypeError("bad", { cause: new Error("why") }), { code: "E1" });
  const { name, message, code, cause } = plain(error) as Record<string, { message: string }>;
  assert.deepEqual([name, message, code, cause?.message], ["TypeError", "bad", "E1", "why"]);
});

test("no value is larger than its limit, and what fits is kept", () => {
  const values = [
    "€".repeat(100_000),
    Array.from({ length: 100_000 }, (_, index) => index),
    Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`key ${index}`, { value: "x".repeat(10) }])),
    { before: 1, long: "\u0000".repeat(100_000), after: 2 },
    new Array(1_000_000_000),
    Buffer.alloc(1_000_000),
  ];
  for (const value of values) {
    const { value: structured, cut } = structuredValue(value);
    const size = Buffer.byteLength(JSON.stringify(structured));
    assert.equal(cut, true);
    assert.ok(size <= structuredValueBytes, `${size}`);
    assert.ok(size > structuredValueBytes / 2, `${size}`);
  }
});
