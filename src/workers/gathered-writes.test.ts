import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { GatheredWrites } from "../contract/link/gathered-writes.ts";

/** Notes what comes in one piece. */
function noting(): { pieces: string[]; socket: Writable } {
  const pieces: string[] = [];
  const socket = new Writable({
    writev(chunks, done) {
      pieces.push(chunks.map(({ chunk }) => String(chunk)).join(""));
      done();
    },
  });
  return { pieces, socket };
}

describe("what is written to a link", () => {
  it("leaves in one piece when it was written in one turn of the event loop, and later writes in another", async () => {
    const { pieces, socket } = noting();
    const writes = new GatheredWrites(socket);
    for (const text of ["a", "b", "c"]) {
      writes.begin();
      socket.write(text);
    }
    assert.deepEqual(pieces, []);
    await turn();
    writes.begin();
    socket.write("d");
    await turn();
    assert.deepEqual(pieces, ["abc", "d"]);
  });

  it("is all there when the link is closed in the same turn", async () => {
    const { pieces, socket } = noting();
    new GatheredWrites(socket).begin();
    socket.write("the last");
    socket.end(" word");
    await turn();
    assert.equal(pieces.join(""), "the last word");
  });
});
