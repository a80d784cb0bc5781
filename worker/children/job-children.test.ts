import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { RunbookRequest } from "../../src/contract/child-runbook.ts";
import type { HostRunbookAnswer } from "../../src/contract/host/host-messages.ts";
import { Masker } from "../masking/masker.ts";
import { JobChildren } from "./job-children.ts";

/** The runbooks of a job, over a service that answers at once. */
function childrenOf(asked: RunbookRequest[], floods: () => void = () => assert.fail("no flood")): JobChildren {
  return new JobChildren({
    provider: {
      serviceNames: [],
      ask: async (_, request) => {
        asked.push(request);
        return { error: { code: "job-not-found", message: "There is no such job." } };
      },
    },
    attempt: { jobId: "0198c2f0-0000-7000-8000-000000000001", attempt: 1 },
    hostKind: "node",
    children: [],
    masker: new Masker([]),
    assets: async () => assert.fail("no asset is asked for"),
    waits: () => {},
    floods,
  });
}

const read: RunbookRequest = { action: "read-job", jobId: "1", after: null };

test("a script that asks to read jobs and reads no answer has eight of them under way, and all in the end", async () => {
  const asked: RunbookRequest[] = [];
  const children = childrenOf(asked);
  const unread: (() => void)[] = [];
  const answers: HostRunbookAnswer[] = [];
  const tell = (answer: HostRunbookAnswer) => {
    answers.push(answer);
    return new Promise<void>((resolve) => unread.push(resolve));
  };
  const all = Array.from({ length: 1_500 }, () => children.answer(read, tell));
  await turn();
  assert.equal(asked.length, 8);
  assert.equal(answers.length, 8 + 500, "what is beyond what may wait is refused at once");
  for (let next = unread.shift(); next !== undefined || asked.length < 1_000; next = unread.shift()) {
    next?.();
    await turn();
    assert.ok(asked.length <= 8 + answers.length);
  }
  await Promise.all(all);
  assert.equal(asked.length, 1_000);
});

test("a script that asks for ever and reads no answer is ended", async () => {
  let floods = 0;
  const children = childrenOf([], () => floods++);
  for (let i = 0; i < 11_500; i++) void children.answer(read, () => new Promise(() => {}));
  await turn();
  assert.equal(floods, 500);
});
