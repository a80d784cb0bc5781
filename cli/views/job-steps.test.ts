import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobStepResource } from "../../src/contract/api/job-step.ts";
import { stepsText } from "./job-steps.ts";

const at = "2026-01-01T00:00:00.000Z";
const later = "2026-01-01T00:00:01.500Z";

function step(name: string, of: Partial<JobStepResource>): JobStepResource {
  const none = { until: null, event: null, message: null, to: null, result: null, answer: null };
  return { stepId: name, kind: "step", name, branch: "", attempt: 1, startedAt: at, endedAt: later, ...none, ...of };
}

test("the steps of a job are told in a line each: what is done, what is not, and what is waited for", () => {
  const shown = stepsText([
    step("one", {}),
    step("inner", { branch: "step:two#1/" }),
    step("two", { endedAt: null }),
    step("Go?", { kind: "approval", answer: { approved: false, by: "ann", reason: "no" } }),
    step("Again?", { kind: "approval", endedAt: null, until: later }),
    step("Whom?", { kind: "approval" }),
    step("built", { kind: "event", answer: { by: "ann" } }),
    step("tested", { kind: "event", endedAt: null }),
    step("look", { kind: "suspend", answer: { by: "ann" } }),
    step(later, { kind: "time", endedAt: null, until: later }),
  ]);
  assert.deepEqual(shown.split("\n"), [
    "one: done in 1s500ms",
    "  inner: done in 1s500ms",
    "two: not done",
    "Go?: approval, rejected by ann: no",
    `Again?: approval, waited for until ${later}`,
    "Whom?: approval, nobody was asked",
    "built: event, sent by ann",
    "tested: event, waited for",
    "look: resumed by ann",
    `${later}: waited for`,
  ]);
});

test("of many steps the last ones are told, and how many came before", () => {
  const lines = stepsText(Array.from({ length: 60 }, (_, index) => step(`step ${index}`, {}))).split("\n");
  assert.deepEqual(
    [lines.length, lines[0], lines[1]],
    [51, "10 before these, see --output json", "step 10: done in 1s500ms"],
  );
  assert.equal(stepsText([]), "");
});
