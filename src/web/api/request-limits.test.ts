import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestLimits } from "./request-limits.ts";

test("a caller has so many requests a minute, and is told when there are more; others have theirs", () => {
  let now = 30_000;
  const limits = new RequestLimits({ perMinute: 3, atOnce: 10 }, () => now);
  for (let request = 1; request <= 3; request += 1) limits.begin("ada")();
  assert.throws(() => limits.begin("ada"), { code: "too-many-requests", status: 429, retryAfter: 30 });
  limits.begin("bob")();
  now = 60_000;
  limits.begin("ada")();
});

test("a caller has so many requests at once, and another one when one of them has ended", () => {
  const limits = new RequestLimits({ perMinute: null, atOnce: 2 });
  const end = limits.begin("ada");
  limits.begin("ada");
  assert.throws(() => limits.begin("ada"), { code: "too-many-requests", retryAfter: 1 });
  end();
  end();
  limits.begin("ada");
  assert.throws(() => limits.begin("ada"), { code: "too-many-requests" });
});

test("any number of callers takes bounded memory; who comes when there are too many shares with the others", () => {
  let now = 0;
  const limits = new RequestLimits({ perMinute: 2, atOnce: 10 }, () => now);
  for (let caller = 0; caller < 10_000; caller += 1) limits.begin(`caller-${caller}`)();
  limits.begin("late")();
  limits.begin("later")();
  assert.throws(() => limits.begin("latest"), { code: "too-many-requests" });
  limits.begin("caller-7")();
  now = 60_000;
  limits.begin("latest")();
  limits.begin("latest")();
});
