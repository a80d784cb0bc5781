import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventStream } from "./event-stream.ts";
import { EventStreams, mostStreams } from "./event-streams.ts";

test("one principal has so many streams open, and another one when one of them has ended", () => {
  const streams = new EventStreams();
  const ends: (() => void)[] = [];
  const open = (principalId: string) => {
    const gone = new AbortController();
    ends.push(() => gone.abort());
    streams.add({ gone: gone.signal, end: () => gone.abort() } as unknown as EventStream, { principalId });
  };
  for (let stream = 0; stream < mostStreams; stream += 1) {
    streams.refuseTooMany({ principalId: "ada" });
    open("ada");
  }
  assert.throws(() => streams.refuseTooMany({ principalId: "ada" }), { code: "too-many-streams", status: 429 });
  streams.refuseTooMany({ principalId: "bob" });
  ends[0]?.();
  streams.refuseTooMany({ principalId: "ada" });
});
