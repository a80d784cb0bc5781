import assert from "node:assert/strict";
import { test } from "node:test";
import { ownAccount } from "../accounts/host-account.ts";
import { noRegister } from "../guard/host-register.ts";
import { createBubblewrapSandbox } from "../sandbox/bubblewrap.ts";
import { defaultResourceLimits } from "../sandbox/resource-limits.ts";
import { inProcessSpawner } from "../spawning/in-process-spawner.ts";
import { testRuntimeDirectory } from "../testing/test-worker.ts";
import { HostStarter } from "./host-starter.ts";

test("a job that may end processes of its worker's account, as its worker is not root, is told so", async () => {
  const paths = { runtimeDirectory: testRuntimeDirectory, protectedPaths: [], unchangeablePaths: [] };
  const sandbox = await createBubblewrapSandbox(paths, inProcessSpawner);
  const starter = new HostStarter({
    sandbox,
    accounts: ownAccount,
    programs: new Map(),
    limits: defaultResourceLimits,
    register: noRegister,
    controlGroups: null,
  });
  assert.deepEqual(await starter.warningsOf(await sandbox.prepare([{ type: "network" }])), []);
  const warnings = await starter.warningsOf(await sandbox.prepare([{ type: "processes" }]));
  assert.match(warnings.join(), /may also end those of the account that its worker runs as/);
});
