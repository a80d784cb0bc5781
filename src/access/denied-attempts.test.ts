import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeniedSummary } from "./denied-attempts.ts";
import { DeniedAttempts } from "./denied-attempts.ts";

test("an address with too many wrong tokens is told how long to wait; others are not", () => {
  const attempts = new DeniedAttempts(() => undefined, { mostTokens: 2 });
  assert.equal(attempts.tokenRefused("192.0.2.1"), null);
  assert.equal(attempts.tokenRefused("192.0.2.1"), null);
  const wait = attempts.tokenRefused("192.0.2.1") ?? 0;
  assert.ok(wait >= 1 && wait <= 60);
  assert.equal(attempts.tokenRefused("192.0.2.2"), null);
  attempts.close();
});

test("what was denied within a minute is one line of the log, and an address may try again afterwards", async () => {
  const reported = Promise.withResolvers<DeniedSummary>();
  const attempts = new DeniedAttempts(reported.resolve, { window: 20, mostTokens: 1 });
  for (const from of ["192.0.2.1", "192.0.2.1", "192.0.2.2"]) {
    attempts.tokenRefused(from);
  }
  attempts.roleMissing("192.0.2.1", "reader");
  // Its own timer keeps no process alive.
  const alive = setTimeout(() => undefined, 10_000);
  const summary = await reported.promise;
  clearTimeout(alive);
  assert.deepEqual(summary, {
    refusedTokens: 3,
    missingRoles: 1,
    addresses: [
      { from: "192.0.2.1", attempts: 3, names: ["reader"] },
      { from: "192.0.2.2", attempts: 1, names: [] },
    ],
    seconds: 0,
  });
  assert.equal(attempts.tokenRefused("192.0.2.1"), null);
  attempts.close();
});

test("any number of addresses takes bounded memory, and all that came too late are counted together", () => {
  let summary: DeniedSummary | undefined;
  const attempts = new DeniedAttempts((given) => (summary = given), { mostAddresses: 3 });
  for (let number = 0; number < 1_000; number++) {
    attempts.tokenRefused(`2001:db8::${number}`);
  }
  attempts.close();
  assert.equal(summary?.refusedTokens, 1_000);
  assert.deepEqual(summary?.addresses[0], { from: "others", attempts: 997, names: [] });
  assert.equal(summary?.addresses.length, 4);
});
