import assert from "node:assert/strict";
import { test } from "node:test";
import { runbookRequestProblem } from "../../src/contract/runbook-request-problem.ts";

const start = { action: "start", call: "1", runbook: "Add", parameters: {}, isInline: false, stopsWithParent: true };

test("what a script asks amiss of other runbooks is told by name, and nothing that it said is quoted", () => {
  const wrong: [unknown, RegExp][] = [
    [{ action: "find", name: "" }, /: name must NOT have fewer than 1 char/],
    [{ action: "find", name: "x".repeat(300) }, /: name must NOT have more than 256 characters\.$/],
    [{ ...start, call: "x".repeat(9_000) }, /: call must NOT/],
    [{ ...start, runOn: "x".repeat(300) }, /: runOn must NOT/],
    [{ ...start, parameters: "none" }, /: parameters must be object/],
    [{ action: "read-job", jobId: "1", after: "x" }, /: after must match/],
    [{ action: "get-job" }, /: jobId is missing/],
    [{ action: "constructor" }, /no request/],
    [null, /no request/],
  ];
  for (const [request, message] of wrong) assert.match(runbookRequestProblem(request) ?? "nothing", message);
});

test("what a script may ask of other runbooks is no problem, members of a newer version included", () => {
  for (const request of [
    start,
    { ...start, runOn: "default", newer: 1 },
    { action: "find", name: "Add" },
    { action: "read-job", jobId: "1", after: null, since: "2026-01-01" },
    { action: "follow-job", jobId: "1", after: "1.2", patience: 10 },
    { action: "suspend-job", jobId: "1" },
  ])
    assert.equal(runbookRequestProblem(request), null);
});
