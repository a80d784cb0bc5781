import assert from "node:assert/strict";
import { test } from "node:test";
import type { Grant } from "../contract/grant.ts";
import { hostReuseOf } from "./host-reuse.ts";
import { openJobsDatabase } from "./testing/open-jobs-database.ts";
import { storeTest } from "./testing/temporary-store.ts";

const ann = "0198c2f0-0000-7000-8000-00000000000a";
const open = { isolation: "runbook", shareCallers: false, grants: [] } as const;
const job = { secretNames: [], starterId: ann };

test("a job shares its host only where its runbook says so, and only with those who may", () => {
  assert.equal(hostReuseOf({ ...open, isolation: "job" }, job), "never");
  assert.equal(hostReuseOf({ ...open, isolation: "job", shareCallers: true }, job), "never");
  assert.equal(hostReuseOf(open, job), "same-starter");
  assert.equal(hostReuseOf({ ...open, shareCallers: true }, job), "any-starter");
});

test("a job with a secret parameter, or one that names a credential, never shares its host, and one that nobody in particular started does with nobody in particular", () => {
  assert.equal(hostReuseOf({ ...open, shareCallers: true }, { ...job, secretNames: ["password"] }), "never");
  assert.equal(hostReuseOf({ ...open, shareCallers: true }, { ...job, namesCredential: true }), "never");
  assert.equal(hostReuseOf(open, { secretNames: [] }), "never");
  assert.equal(hostReuseOf({ ...open, shareCallers: true }, { secretNames: [] }), "any-starter");
});

test("a job shares no host whose processes or private folders are not its own", () => {
  const reuse = (grant: Grant) => hostReuseOf({ ...open, grants: [{ type: "network" }, grant] }, job);
  assert.equal(reuse({ type: "processes" }), "never");
  for (const path of ["/tmp", "/tmp/data", "/dev/shm", "/dev/shm/data"]) {
    assert.equal(reuse({ type: "path", path, access: "read" }), "never", path);
    assert.equal(reuse({ type: "socket", path }), "never", path);
  }
  for (const path of ["/", "/tmpfiles", "/var/tmp"]) {
    assert.equal(reuse({ type: "path", path, access: "read" }), "same-starter", path);
  }
});

storeTest(
  "a job says which isolation it had once a worker has it, and a claim whom it may share its host with",
  async (t) => {
    const db = await openJobsDatabase(t);
    const worker = await db.addWorker();
    const runbook = await db.addRunbook({ isolation: "runbook" });
    const shared = await db.addRunbook({ isolation: "runbook", shareCallers: true });
    const apart = await db.addRunbook();
    const of = async (started: typeof runbook, secretNames: string[] = []) => {
      const accepted = await db.accept(started, { starterId: ann, parameters: { password: "x" }, secretNames });
      assert.ok(accepted.outcome === "accepted");
      assert.equal(accepted.job.isolation, null);
      const claimed = (await db.claim(worker))[0];
      assert.ok(claimed !== undefined);
      assert.equal((await db.operations.job({ jobId: claimed.jobId }))?.isolation, claimed.isolation);
      return { isolation: claimed.isolation, hostReuse: claimed.hostReuse, starterId: claimed.starterId };
    };
    assert.deepEqual(await of(runbook), { isolation: "runbook", hostReuse: "same-starter", starterId: ann });
    assert.deepEqual(await of(shared), { isolation: "runbook", hostReuse: "any-starter", starterId: ann });
    assert.deepEqual(await of(runbook, ["password"]), { isolation: "job", hostReuse: "never", starterId: ann });
    assert.deepEqual(await of(apart), { isolation: "job", hostReuse: "never", starterId: ann });
  },
);
