import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectSecrets } from "./collect-secrets.ts";
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
    assert.deepEqual(collectSecrets({ pin: "123" }, { pin: secret }), []);
  });

  it("are masked as JSON and URLs write them, and line by line", () => {
    const masker = new Masker(collectSecrets({ key: 'a"b c&d\nsecond line' }, { key: secret }));
    assert.equal(masker.text(JSON.stringify({ key: 'a"b c&d\nsecond line' })), `{"key":"${maskText}"}`);
    assert.equal(masker.text(`?k=${encodeURIComponent('a"b c&d\nsecond line')}`), `?k=${maskText}`);
    assert.equal(masker.text("it said: second line"), `it said: ${maskText}`);
  });

  it("are masked in every text of a structured value, its names and its numbers", () => {
    const masker = new Masker(["hunter22", "4711"]);
    assert.deepEqual(masker.value({ a: ["x hunter22 y", 4711, 5], hunter22: { deep: "hunter22" } }), {
      a: [`x ${maskText} y`, maskText, 5],
      [maskText]: { deep: maskText },
    });
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

  it("is shown at once as far as no secret can have begun", () => {
    const masker = new StreamMasker(new Masker(["hunter22"]));
    assert.equal(masker.write("value: hun", false), "value: ");
    assert.equal(masker.write("gry ", false), "hungry ");
    assert.equal(masker.write("hunter", false), "");
    assert.equal(masker.write("22!", false), `${maskText}!`);
    assert.equal(masker.write("hunter", true), "hunter");
  });
});
