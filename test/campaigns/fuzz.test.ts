import assert from "node:assert/strict";
import { test } from "node:test";
import { runFuzz } from "./fuzz/run-fuzz.ts";

test("no request over the API, and no bytes, are answered by 500, hang, or write when refused (a sample of the campaign)", async () => {
  const { violations, answers } = await runFuzz({ requests: 400, seed: 20 });
  assert.deepEqual(Object.fromEntries(Object.entries(violations).filter(([, found]) => found.length > 0)), {});
  assert.ok((answers["200"] ?? 0) > 20, JSON.stringify(answers));
});
