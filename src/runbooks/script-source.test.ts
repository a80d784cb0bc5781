import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { test } from "node:test";
import { invalidUtf8Offset } from "./invalid-utf8-offset.ts";
import { checkScriptSource, scriptText } from "./script-source.ts";

test("the byte order mark stays in the file and is left out of the text that runs; line ends stay in both", () => {
  const source = Buffer.from("\uFEFF'a'\r\n'b'\n");
  checkScriptSource(source);
  assert.equal(scriptText(source), "'a'\r\n'b'\n");
});

test("an empty file is a script", () => {
  checkScriptSource(Buffer.alloc(0));
  assert.equal(scriptText(Buffer.alloc(0)), "");
});

test("the first byte that fits no character is found, as Node's own check agrees", () => {
  for (const [bytes, offset] of [
    [[0x61, 0x80], 1],
    [[0xc3], 0],
    [[0x61, 0xc0, 0xaf], 1],
    [[0xe2, 0x82], 0],
    [[0xed, 0xa0, 0x80], 0],
    [[0xf4, 0x90, 0x80, 0x80], 0],
    [[0xe2, 0x82, 0xac, 0xff], 3],
    [[0xf0, 0x9f, 0x98, 0x80], 4],
    [[0xef, 0xbf, 0xbf], 3],
  ] as const) {
    const source = Uint8Array.from(bytes);
    assert.equal(invalidUtf8Offset(source), offset, bytes.join(" "));
    assert.equal(offset === source.length, isUtf8(source));
  }
});
