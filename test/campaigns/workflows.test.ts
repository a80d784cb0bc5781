import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../support/requires.ts";
import { WorkflowGround } from "./workflows/run-workflows.ts";
import type { WorkflowScript } from "./workflows/workflow-script.ts";
import { readWorkflowScripts } from "./workflows/workflow-script.ts";

const told = ["Test-InlineScriptObject", "Test-UnhandledError", "Test-Stream"];
const killed = ["Test-CheckpointForEach", "Test-CheckpointParallel"];

describe("workflows (a sample of the campaign)", skipUnless("bubblewrap", "pwsh"), () => {
  let ground: WorkflowGround;
  let scripts: WorkflowScript[];
  const named = (names: readonly string[]) => scripts.filter(({ name }) => names.includes(name));

  before(async () => {
    scripts = await readWorkflowScripts();
    ground = await WorkflowGround.start();
  });
  after(() => ground[Symbol.asyncDispose]());

  test("tell on all streams what is expected of them, and are suspended and resumed", {
    timeout: 240_000,
  }, async () => {
    assert.deepEqual((await ground.run(named(told), 2)).differences, {});
  });

  test("killed behind each checkpoint, do nothing again that was before it", { timeout: 240_000 }, async () => {
    const { differences, kills } = await ground.runKilled(named(killed));
    assert.deepEqual(differences, {});
    assert.ok(kills >= 3, `${kills} kills`);
  });
});
