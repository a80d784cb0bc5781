import fc from "fast-check";

/* What callers send that no schema means: by mistake, or to see what happens. */

/** Texts that programs have stumbled over. No address that is anybody's, and no command that does anything. */
export const strangeTexts: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udfff tail",
  "\u202e\u200b",
  "\ufeffbom",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "undefined",
  "NaN",
  "-0",
  "1e400",
  "9007199254740993",
  "%",
  "%00",
  "%c0%ae",
  "..",
  "../../../../etc/passwd",
  "a/b",
  "a\\b",
  "' OR 1=1 --",
  "'; SELECT 1; --",
  "[x] @name ?",
  "<script>1</script>",
  "{{7*7}}",
  "$" + "{jndi:x}",
  "$(true)",
  "İıſK",
  "ß".repeat(300),
  "x".repeat(70_000),
  "00000000-0000-0000-0000-000000000000",
  "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
  "2031-02-30T25:61:61Z",
  "9999-12-31T23:59:59.999Z",
  "-271821-04-20T00:00:00.000Z",
  "+275760-09-13T00:00:00.001Z",
  "R/2031-01-01T00:00:00Z/PT0S",
  "http://127.0.0.1:9/",
  "file:///etc/passwd",
  "GMT+25",
  "*",
  "**",
  "a*b*c*d*e*f*g*h*",
  "(a+)+$",
];

export const strangeText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...strangeTexts) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 300 }) },
);

const strangeNumber = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    -1,
    1,
    0.1,
    1e-320,
    1e21,
    1e308,
    -1e308,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 53,
    2 ** 53 + 2,
    2 ** 63,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Objects in objects, so deep that a recursive reader ends. */
function nested(depth: number): unknown {
  let value: unknown = {};
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

export const strangeValue: fc.Arbitrary<unknown> = fc.oneof(
  strangeText,
  strangeNumber,
  fc.constantFrom(null, true, false, [], {}, [null], [[]], { a: undefined }, { "": 1 }, nested(99), nested(3_000)),
  fc.constant(JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {}}}')),
  fc.array(fc.integer(), { minLength: 1_001, maxLength: 1_200 }),
  fc.jsonValue({ maxDepth: 4 }),
);

/** Exchanges something somewhere in a value, takes it away, or adds something. */
export function mangled(value: unknown): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.array(fc.nat(), { minLength: 16, maxLength: 16 }), strangeValue, strangeText)
    .map(([choices, strange, name]) => {
      let used = 0;
      const choose = () => {
        used += 1;
        return choices[used % choices.length] ?? 0;
      };
      return mangle(structuredClone(value), choose, strange, name);
    });
}

function mangle(value: unknown, choose: () => number, strange: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || choose() % 4 === 0) {
    return strange;
  }
  const members = value as Record<string, unknown>;
  const names = Object.keys(members);
  const at = names[choose() % Math.max(1, names.length)];
  if (at === undefined || choose() % 4 === 0) {
    if (Array.isArray(value)) value.push(strange);
    else Object.defineProperty(members, name.slice(0, 40), { value: strange, enumerable: true, configurable: true });
  } else if (choose() % 3 === 0) {
    if (Array.isArray(value)) value.splice(Number(at), 1);
    else delete members[at];
  } else {
    members[at] = mangle(members[at], choose, strange, name);
  }
  return value;
}
