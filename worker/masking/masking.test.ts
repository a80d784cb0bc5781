import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { analyseTypeScript } from "../../src/language/typescript/analyse-typescript.ts";
import { collectSecrets, unmaskedParameters } from "./collect-secrets.ts";
import { Masker, maskText, StreamMasker } from "./masker.ts";

const secret = { "x-secret": true };

describe("secrets of a job", () => {
  it("are the leaves of secret parameters, at any depth, and nothing else", () => {
    const secrets = collectSecrets(
      {
        plain: "visible",
        password: "hunter22",
        login: { user: "alice", password: "opensesame" },
        list: [{ key: "abcdef" }],
        all: { a: ["first!"], b: 123456 },
      },
      {
        plain: {},
        password: secret,
        login: { properties: { user: {}, password: secret } },
        list: { items: { properties: { key: secret } } },
        all: secret,
      },
    );
    for (const text of ["hunter22", "opensesame", "abcdef", "first!", "123456"])
      assert.ok(secrets.includes(text), text);
    for (const text of ["visible", "alice"]) assert.ok(!secrets.includes(text), text);
  });

  it("are not texts so short that masking them would hide nothing", () => {
    const parameters = { pin: "123", password: "1234", none: "", port: 22, plain: "abc", login: { user: "bob" } };
    const schemas = { pin: secret, password: secret, none: secret, port: secret, plain: {}, login: secret };
    assert.deepEqual(collectSecrets(parameters, schemas), ["1234"]);
    assert.deepEqual(unmaskedParameters(parameters, schemas), ["pin", "login"]);
  });

  it("are masked as JSON and URLs write them, and line by line", () => {
    const masker = new Masker(collectSecrets({ key: 'a"b c&d\nsecond line' }, { key: secret }));
    assert.equal(masker.text(JSON.stringify({ key: 'a"b c&d\nsecond line' })), `{"key":"${maskText}"}`);
    assert.equal(masker.text(`?k=${encodeURIComponent('a"b c&d\nsecond line')}`), `?k=${maskText}`);
    assert.equal(masker.text("it said: second line"), `it said: ${maskText}`);
  });

  it("are masked in every text and number of a structured value, which keeps its form", () => {
    const masker = new Masker(["hunter22", "4711", "user"]);
    assert.deepEqual(masker.value({ a: ["x hunter22 y", 4711, 5], user: { deep: "hunter22", none: null } }), {
      a: [`x ${maskText} y`, maskText, 5],
      user: { deep: maskText, none: null },
    });
  });

  it("are masked as a JSON text in a JSON text and as the inspector of Node writes them", () => {
    const key = 'back\\slash "quoted"';
    const masker = new Masker(collectSecrets({ key }, { key: secret }));
    assert.equal(masker.text(`{"inner":${JSON.stringify(key)}}`), `{"inner":"${maskText}"}`);
    assert.equal(masker.text(inspect({ key })), `{ key: '${maskText}' }`);
  });

  it("are hidden wholly when they overlap", () => {
    const masker = new Masker(["abcd", "cdef", "efxy"]);
    assert.equal(masker.text("-abcdef-"), `-${maskText}-`);
    assert.equal(masker.text("-cdabcdefxy-"), `-cd${maskText}-`);
    assert.equal(masker.text("abcdabcd"), maskText + maskText);
  });

  it("may be of any length", () => {
    const long = Array.from({ length: 200_000 }, (_, index) => String.fromCharCode(33 + ((index * index) % 90))).join(
      "",
    );
    const masker = new Masker(collectSecrets({ key: long }, { key: secret }));
    assert.equal(masker.text(`a ${long} b ${long.slice(1)}`), `a ${maskText} b ${long.slice(1)}`);
  });

  it("are found where a runbook's parameter reaches them through a type that contains itself", () => {
    const { signature } = analyseTypeScript(
      "logins",
      `import type { Secret } from "runsmith";
interface Login { password: Secret; next?: Login }
export default function ({ login }: { login: Login }) {}`,
    );
    const login = { password: "hunter22", next: { password: "opensesame" } };
    assert.deepEqual(collectSecrets({ login }, signature.properties), ["opensesame", "hunter22"]);
  });

  it("are found in a parameter however deep it is", () => {
    let nested: unknown = "hunter22";
    for (let depth = 0; depth < 100_000; depth++) nested = [nested];
    assert.deepEqual(collectSecrets({ nested }, { nested: secret }), ["hunter22"]);
  });
});

describe("a text that comes in pieces", () => {
  const secrets = ["password1", "pass", "aabaab", "word1 and more"];

  it("never shows a secret, wherever it is cut", () => {
    const text = "one password1 two pass aabaabaab word1 and more aab end pas";
    const whole = new Masker([...secrets].sort((a, b) => b.length - a.length));
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        const masker = new StreamMasker(whole);
        const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
        const masked = pieces.map((piece, index) => masker.write(piece, index === 2)).join("");
        for (const hidden of secrets)
          assert.ok(!masked.includes(hidden), `${hidden} in ${masked} cut at ${first}, ${second}`);
      }
    }
  });

  it("shows what a mask of the whole text shows, whatever the secrets and the pieces are", () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const letters = (count: number): string => Array.from({ length: count }, () => "abc"[random(3)]).join("");
    for (let round = 0; round < 3_000; round++) {
      const hidden = Array.from({ length: 1 + random(4) }, () => letters(4 + random(10)));
      const masker = new Masker(hidden);
      // Made of secrets and parts of them, so that they overlap and begin again.
      const text = Array.from({ length: 8 }, () => (hidden[random(4)] ?? letters(3)).slice(random(3))).join("");
      const stream = new StreamMasker(masker);
      let streamed = "";
      for (let at = 0; at < text.length; ) {
        const length = 1 + random(6);
        streamed += stream.write(text.slice(at, at + length), false);
        at += length;
      }
      streamed += stream.write("", true);
      assert.equal(streamed, masked(text, hidden), `${hidden.join()} in ${text}`);
      assert.equal(masker.text(text), streamed);
    }
  });

  it("takes no more work per character for a long secret that it nearly holds", () => {
    const masker = new StreamMasker(new Masker([`${"a".repeat(100_000)}b`]));
    let shown = 0;
    for (let piece = 0; piece < 1_000; piece++) shown += masker.write("a".repeat(1_000), false).length;
    assert.equal(shown, 900_000);
    // An endless text that is a secret over and over is not held back either.
    const endless = new StreamMasker(new Masker(["xxxx"]));
    for (let piece = 0; piece < 1_000; piece++) shown += endless.write("x".repeat(1_000), false).length;
    assert.equal(shown, 900_000 + maskText.length);
  });

  it("is shown at once as far as no secret can have begun", () => {
    const masker = new StreamMasker(new Masker(["hunter22"]));
    assert.equal(masker.write("value: hun", false), "value: ");
    assert.equal(masker.write("gry ", false), "hungry ");
    assert.equal(masker.write("hunter", false), "");
    assert.equal(masker.write("22!", false), `${maskText}!`);
    assert.equal(masker.write("hunter", true), "hunter");
  });
});

/** What masking means, by looking at every place. */
function masked(text: string, secrets: readonly string[]): string {
  let result = "";
  let maskedUntil = 0;
  for (let at = 0; at < text.length; at++) {
    const longest = Math.max(0, ...secrets.map((each) => (text.startsWith(each, at) ? each.length : 0)));
    if (longest > 0) {
      if (at >= maskedUntil) result += maskText;
      maskedUntil = Math.max(maskedUntil, at + longest);
    }
    if (at >= maskedUntil) result += text.charAt(at);
  }
  return result;
}
