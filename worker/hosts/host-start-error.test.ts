import assert from "node:assert/strict";
import { test } from "node:test";
import { HostStartError } from "./host-process.ts";

const stack = `node:internal/modules/esm/resolve:275
    throw new ERR_MODULE_NOT_FOUND(
          ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/nowhere.js'
    at finalizeResolution (node:internal/modules/esm/resolve:275:11) {
  code: 'ERR_MODULE_NOT_FOUND'
}
`;

test("why a host did not start is one sentence for the one who started the job, and all of it for the log", () => {
  const exit = { code: 1, signal: null };
  const long = new HostStartError(exit, stack);
  assert.equal(
    long.summary,
    "it ended with exit code 1 before it was ready, saying: Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/nowhere.js'.",
  );
  assert.equal(long.isWhole, false);
  assert.ok(long.message.includes(stack.trim()));
  const short = new HostStartError(exit, "bwrap: No space left on device\n");
  assert.equal(short.summary, "it ended with exit code 1 before it was ready, saying: bwrap: No space left on device.");
  assert.equal(short.isWhole, true);
  assert.equal(new HostStartError(exit, "").summary, "it ended with exit code 1 before it was ready.");
});
