import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { recordTextLength } from "../../src/contract/stream.ts";
import { Masker, StreamMasker } from "../masking/masker.ts";
import { LineSplitter } from "./line-splitter.ts";
import { partialLineDelay, RawOutput } from "./raw-output.ts";

type Piece = [text: string, continued: boolean];

function collect(masker = new StreamMasker(new Masker())): { output: RawOutput; pieces: Piece[] } {
  const pieces: Piece[] = [];
  return { output: new RawOutput(masker, (text, continued) => pieces.push([text, continued])), pieces };
}

describe("raw output", () => {
  it("becomes lines, whatever pieces it comes in, and never half a character", () => {
    const { output, pieces } = collect();
    for (const byte of Buffer.from("größe\r\n\n日本\nend")) output.write(Buffer.from([byte]));
    output.end();
    assert.deepEqual(pieces, [
      ["größe", false],
      ["", false],
      ["日本", false],
      ["end", false],
    ]);
  });

  it("shows an open line after a moment, as one that goes on", async () => {
    const { output, pieces } = collect();
    output.write(Buffer.from("Continue? "));
    await new Promise((resolve) => setTimeout(resolve, partialLineDelay * 2));
    output.write(Buffer.from("yes\n"));
    output.end();
    assert.deepEqual(pieces, [
      ["Continue? ", true],
      ["yes", false],
    ]);
  });

  it("shows a line without an end in pieces of bounded length", () => {
    const { output, pieces } = collect();
    output.write(Buffer.alloc(recordTextLength * 2 + 10, "x"));
    output.end();
    assert.deepEqual(
      pieces.map(([text, continued]) => [text.length, continued]),
      [
        [recordTextLength, true],
        [recordTextLength, true],
        [10, false],
      ],
    );
  });

  it("hides a secret that lies across lines and writes", () => {
    const { output, pieces } = collect(new StreamMasker(new Masker(["top\nsecret"])));
    output.write(Buffer.from("a to"));
    output.write(Buffer.from("p\nsec"));
    output.write(Buffer.from("ret b\n"));
    output.end();
    assert.deepEqual(pieces, [["a ******** b", false]]);
  });

  it("holds back for a moment what may be the beginning of a secret, and half of one until it is known", async () => {
    const { output, pieces } = collect(new StreamMasker(new Masker(["hunter22"])));
    output.write(Buffer.from("who: hun"));
    await delay(3 * partialLineDelay);
    assert.deepEqual(pieces, [["who: hun", true]]);
    output.write(Buffer.from("\npassword: hunt"));
    await delay(3 * partialLineDelay);
    output.write(Buffer.from("er22\n"));
    output.end();
    assert.deepEqual(pieces.slice(1), [
      ["", false],
      ["password: ", true],
      ["********", false],
    ]);
  });
});

describe("lines of the host protocol", () => {
  it("are whole, whatever pieces they come in", () => {
    const lines: string[] = [];
    const splitter = new LineSplitter(
      100,
      (line) => lines.push(line),
      () => lines.push("too long"),
    );
    for (const byte of Buffer.from('{"a":"ü"}\n{}\n')) splitter.write(Buffer.from([byte]));
    splitter.write(Buffer.from("one\ntwo\nthr"));
    splitter.write(Buffer.from("ee\n"));
    assert.deepEqual(lines, ['{"a":"ü"}', "{}", "one", "two", "three"]);
    splitter.write(Buffer.alloc(101, "x"));
    assert.equal(lines.at(-1), "too long");
  });
});
