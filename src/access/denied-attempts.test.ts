import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeniedSummary } from "./denied-attempts.ts";
import { DeniedAttempts } from "./denied-attempts.ts";
import type { Principal } from "./principal.ts";
import { anonymous } from "./principal.ts";

const reader: Principal = { ...anonymous, principalId: "0195e7c4-0000-7000-8000-000000000001", name: "reader" };

const shown = ({ attempts }: DeniedSummary) =>
  attempts.map(({ name, address, refused, notPermitted }) => [name, address, refused, notPermitted]);

test("what was denied within a minute is told once, by principal and address", async () => {
  const reported = Promise.withResolvers<DeniedSummary>();
  const attempts = new DeniedAttempts(reported.resolve, { window: 20 });
  for (const from of ["192.0.2.1", "192.0.2.1", "192.0.2.2"]) {
    attempts.tokenRefused(from);
  }
  for (const from of ["192.0.2.1", "192.0.2.3", "192.0.2.3", "192.0.2.3"]) {
    attempts.notPermitted(from, reader);
  }
  // Its own timer keeps no process alive.
  const alive = setTimeout(() => undefined, 10_000);
  const summary = await reported.promise;
  clearTimeout(alive);
  assert.deepEqual([summary.refused, summary.notPermitted, summary.seconds], [3, 4, 0]);
  assert.deepEqual(shown(summary), [
    ["reader", "192.0.2.3", 0, 3],
    [null, "192.0.2.1", 2, 0],
    ["reader", "192.0.2.1", 0, 1],
    [null, "192.0.2.2", 1, 0],
  ]);
  attempts.close();
});

test("any number of addresses and principals takes bounded memory, and what came too late is told together", () => {
  let summary: DeniedSummary | undefined;
  const attempts = new DeniedAttempts((given) => (summary = given), { mostAddresses: 3 });
  for (let number = 0; number < 1_000; number++) {
    attempts.tokenRefused(`2001:db8::${number}`);
    attempts.notPermitted("2001:db8::1", { ...reader, principalId: `reader-${number}` });
  }
  attempts.close();
  assert.deepEqual([summary?.refused, summary?.notPermitted], [1_000, 1_000]);
  const told = summary === undefined ? [] : shown(summary);
  assert.deepEqual(told.slice(0, 2), [
    [null, "others", 997, 0],
    [null, "2001:db8::1", 0, 980],
  ]);
  assert.equal(told.length, 25);
});

test("the audit gets at most a hundred entries a minute of what was denied", () => {
  let summary: DeniedSummary | undefined;
  const attempts = new DeniedAttempts((given) => (summary = given));
  for (let number = 0; number < 500; number++) {
    attempts.tokenRefused(`2001:db8::${number}`);
  }
  attempts.close();
  assert.equal(summary?.attempts.length, 101);
  assert.deepEqual(summary === undefined ? [] : shown(summary).at(-1), [null, "others", 400, 0]);
});

test("who was tried with a wrong password is told by name, as far as there is such a user, and some of very many", () => {
  let summary: DeniedSummary | undefined;
  const attempts = new DeniedAttempts((given) => (summary = given));
  const account = (name: string) => ({ principalId: `id of ${name}`, name });
  attempts.signInRefused("192.0.2.1", account("ada"));
  attempts.signInRefused("192.0.2.1", account("ada"));
  attempts.signInRefused("192.0.2.1", null);
  for (let number = 0; number < 100; number++) {
    attempts.signInRefused("192.0.2.2", account(`user ${number}`));
  }
  attempts.close();
  const of = (from: string) =>
    summary?.attempts.filter(({ address }) => address === from).map(({ tried, refused }) => [tried?.name, refused]);
  assert.deepEqual(of("192.0.2.1"), [
    ["ada", 2],
    [undefined, 1],
  ]);
  assert.equal(of("192.0.2.2")?.length, 21);
  assert.equal(summary?.refused, 103);
});
