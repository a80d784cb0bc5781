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

  it("are masked in base64, wherever they lie in what was encoded, of UTF-8 and of UTF-16", () => {
    for (const secret of ["hunter22", "pässwörd", "日本語パスワード", "four", "with space+/?"]) {
      const masker = new Masker([secret]);
      const core = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
      for (const before of ["", "u", "us", "user:", "admin:"]) {
        for (const after of ["", "!", "!!"]) {
          for (const encoding of ["utf8", "utf16le"] as const) {
            const text = Buffer.from(before + secret + after, encoding).toString("base64");
            for (const shown of [
              masker.text(`Basic ${text}.`),
              masker.text(text.replaceAll("+", "-").replaceAll("/", "_")),
            ]) {
              assert.ok(shown.includes(maskText), `${secret} in ${before}…${after} as ${encoding}: ${shown}`);
              // No more than the digits at its ends, which tell of its neighbours too.
              const bytes = Buffer.from(secret, encoding);
              for (const part of [0, 1, 2])
                assert.ok(!shown.includes(core(bytes.subarray(part)).slice(2, -2) || "?"), shown);
            }
          }
        }
      }
    }
  });

  it("are masked as the -EncodedCommand of PowerShell has them", () => {
    const command = Buffer.from("Connect-Thing -Password 'hunter22' -Force", "utf16le").toString("base64");
    const shown = new Masker(["hunter22"]).text(`pwsh -EncodedCommand ${command}`);
    assert.ok(shown.includes(maskText));
    const decoded = Buffer.from(shown.replace(/^.* /, "").replaceAll("*", ""), "base64").toString("utf16le");
    assert.ok(!decoded.includes("unter2"), decoded);
  });

  it("are masked in hexadecimal, as a secure string of PowerShell is shown", () => {
    const masker = new Masker(["hunter22"]);
    for (const bytes of [Buffer.from("x hunter22"), Buffer.from("hunter22", "utf16le")])
      for (const text of [bytes.toString("hex"), bytes.toString("hex").toUpperCase()])
        assert.ok(masker.text(text).endsWith(maskText), text);
  });

  it("are masked as bytes of UTF-16 that are read as text", () => {
    const masker = new Masker(["hunter22"]);
    const text = "it is hunter22.";
    for (const bytes of [Buffer.from(text, "utf16le"), Buffer.from(text, "utf16le").swap16()])
      assert.ok(!masker.text(bytes.toString("utf8")).replaceAll("\0", "").includes("hunter22"));
  });

  it("are masked as the writers of URLs, JSON and XML may write them", () => {
    const secret = "p&ss<w>'ör\"d/ +~*!";
    const masker = new Masker([secret]);
    const hex = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
    const ascii = JSON.stringify(secret).replaceAll(
      /[^ -~]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    for (const text of [
      encodeURIComponent(secret),
      hex(encodeURIComponent(secret)),
      new URLSearchParams({ key: secret }).toString(),
      encodeURI(secret),
      ascii,
      JSON.stringify({ inner: JSON.stringify({ secret }) }),
      '{"password":"p\\u0026ss\\u003Cw\\u003E\\u0027\\u00F6r\\u0022d/ \\u002B~*!"}',
      "<password>p&amp;ss&lt;w&gt;'ör\"d/ +~*!</password>",
    ])
      assert.ok(masker.text(text).includes(maskText), text);
  });

  it("take no longer to find when there are many", () => {
    const secrets = Array.from({ length: 500 }, (_, index) => `secret-number-${index}-${(index * 7919).toString(36)}`);
    const masker = new Masker(secrets);
    const text = `${"nothing of that kind, but secret-number- often; ".repeat(20_000)}${secrets[321]}`;
    assert.ok(masker.text(text).endsWith(`often; ${maskText}`));
  });

  it("are masked where a formatter broke them over lines, or shortened them", () => {
    const masker = new Masker(["hunter22-and-more", "other-secret"]);
    for (const [text, shown] of [
      ["Password : hunter22-\n           and-more", `Password : ${maskText}`],
      [
        "     | it is hunt\r\n     | er22-and-more, and\n     | other-sec\n     | ret",
        `     | it is ${maskText}, and\n     | ${maskText}`,
      ],
      ["Name hunter22…\nNext hun… other-secret…", `Name ${maskText}…\nNext hun… ${maskText}…`],
      ["hunter22-and-more\nother-secret\nhunter22", `${maskText}\n${maskText}\nhunter22`],
    ] as const)
      assert.equal(masker.text(text), shown);
  });

  it("are masked in a value that was cut within one", () => {
    const masker = new Masker(["hunter22"]);
    assert.deepEqual(masker.value({ a: ["text hunter", "hun"] }, true), { a: [`text ${maskText}`, "hun"] });
    assert.deepEqual(masker.value({ a: "text hunter" }), { a: "text hunter" });
  });

  it("may become more while a text comes in pieces", () => {
    const masker = new Masker(["first-secret"]);
    const stream = new StreamMasker(masker);
    let shown = stream.write("first-se", false);
    masker.add(["second-secret", "crest"]);
    shown += stream.write("cret second-sec", false) + stream.write("ret crest", true);
    assert.equal(shown, `${maskText} ${maskText} ${maskText}`);
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

  it("is not held back for long where less than half of a secret is there, and the rest of one is masked all the same", () => {
    const masker = new StreamMasker(new Masker(["hunter22"]));
    assert.equal(masker.write("say hun", false), "say ");
    assert.equal(masker.release(), "hun");
    assert.equal(masker.write("ter22 hunter", false), `${maskText} `);
    assert.equal(masker.release(), "");
    assert.equal(masker.write("2", false) + masker.write("2.", false), `${maskText}.`);
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
