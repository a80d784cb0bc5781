import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { HostProcess } from "../hosts/host-process.ts";
import { inProcessSpawner } from "../spawning/in-process-spawner.ts";
import { createUnisolatedSandbox } from "./none.ts";
import { noGrants } from "./prepared-grants.ts";
import { isAlive, processesWhere } from "./process-tree.ts";
import { defaultResourceLimits } from "./resource-limits.ts";

/** A shell script as a host that shares its account with others. */
async function hostOf(script: string): Promise<HostProcess> {
  const started = await createUnisolatedSandbox(inProcessSpawner).start({
    program: {
      kind: "node",
      version: "",
      command: "/bin/sh",
      arguments: ["-c", script],
      environment: {},
      directEnvironment: {},
      readOnlyPaths: [],
      leastDataLimit: 0,
    },
    direct: false,
    grants: noGrants,
    account: null,
    limits: defaultResourceLimits,
  });
  return new HostProcess(started, null, { kind: "node", grants: noGrants, key: "", warnings: [] });
}

function sleepers(mark: string): number[] {
  return processesWhere((processId) => {
    try {
      return isAlive(processId) && readFileSync(`/proc/${processId}/cmdline`, "latin1").startsWith(`sleep\0${mark}\0`);
    } catch {
      return false;
    }
  });
}

const sayReady = `echo '{"type":"ready","version":"1"}' >&4`;

describe("without a sandbox, in an account that others use too", () => {
  it("what a host started ends with it, wherever it went", async () => {
    const mark = `6${Math.trunc(Math.random() * 1e6)}`;
    const host = await hostOf(`${sayReady}; setsid sleep ${mark} & while :; do sleep 1; done`);
    await host.ready;
    while (sleepers(mark).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    host.kill();
    await host.gone;
    assert.deepEqual(sleepers(mark), []);
  });

  it("a host is over even if something that hides from its worker holds its output", async () => {
    const mark = `7${Math.trunc(Math.random() * 1e6)}`;
    const host = await hostOf(`${sayReady}; env -i setsid sleep ${mark} & sleep 0.1; exit 7`);
    assert.deepEqual(await host.gone, { code: 7, signal: null });
    const [hidden] = sleepers(mark);
    assert.ok(hidden);
    process.kill(hidden);
  });
});
