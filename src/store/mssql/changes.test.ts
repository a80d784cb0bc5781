import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { test } from "node:test";
import sql from "mssql";
import { idToBytes } from "../id-bytes.ts";
import { openStore } from "../open-store.ts";
import type { ChangedJob } from "../operations/changes.ts";
import type { Store } from "../store.ts";
import { acceptJob, addRunbook } from "../testing/accept-jobs.ts";
import { sharedDatabaseTest, temporaryDirectory, temporaryStoreOptions } from "../testing/temporary-store.ts";
import { connectionOfTestDatabase } from "../testing/test-database.ts";
import { changeReads } from "./changes.ts";
import type { MssqlSession } from "./session.ts";
import { SqlError } from "./sql-errors.ts";

/** Stores of several services over one database. */
async function sharedStores(t: TestContext, count: number): Promise<Store[]> {
  const stores: Store[] = [];
  t.after(() => Promise.all(stores.map((store) => store.close())));
  const { databaseUrl = "" } = await temporaryStoreOptions(t);
  for (let number = 0; number < count; number += 1) {
    stores.push(await openStore({ dataDirectory: temporaryDirectory(t), databaseUrl }));
  }
  return stores;
}

/** What a service learns from now on, each time it asks. */
async function learner(store: Store, limit = 100) {
  let { position } = await store.read.changesSince({ after: null, limit });
  return async () => {
    const jobs: ChangedJob[] = [];
    const revokedTokens: string[] = [];
    for (let more = true; more; ) {
      const changes = await store.read.changesSince({ after: position, limit });
      jobs.push(...changes.jobs);
      revokedTokens.push(...changes.revokedTokens);
      ({ position, more } = changes);
    }
    return { jobs, revokedTokens };
  };
}

sharedDatabaseTest(
  "a service learns of each job that another one accepted or changed, and of none twice",
  async (t) => {
    const [one, other] = (await sharedStores(t, 2)) as [Store, Store];
    const runbook = await addRunbook(one, "runbook");
    await acceptJob(one, runbook);
    const learn = await learner(other);
    assert.deepEqual((await learn()).jobs, []);
    const first = await acceptJob(one, runbook);
    const second = await acceptJob(one, runbook);
    const accepted = (await learn()).jobs;
    assert.deepEqual(accepted.map(({ jobId }) => jobId).sort(), [first, second]);
    assert.deepEqual(
      accepted.map(({ status, parked, attempt, workerId, stop }) => ({ status, parked, attempt, workerId, stop })),
      Array.from({ length: 2 }, () => ({ status: "New", parked: false, attempt: 0, workerId: null, stop: null })),
    );
    assert.deepEqual((await learn()).jobs, []);
    await one.write.stopJob({ jobId: second, requestedBy: "Ada", force: false });
    assert.deepEqual(
      (await learn()).jobs.map(({ jobId, status }) => ({ jobId, status })),
      [{ jobId: second, status: "Stopped" }],
    );
  },
);

sharedDatabaseTest("no change is passed over while many services commit at the same time", async (t) => {
  const stores = await sharedStores(t, 3);
  const [one] = stores as [Store];
  const runbook = await addRunbook(one, "runbook");
  const learn = await learner(one, 7);
  const accepted: string[] = [];
  const learnt = new Set<string>();
  let over = false;
  const acceptors = stores.map(async (store) => {
    for (let count = 0; count < 40; count += 1) {
      accepted.push(await acceptJob(store, runbook));
    }
  });
  const all = Promise.all(acceptors).then(() => {
    over = true;
  });
  while (!over) {
    for (const { jobId } of (await learn()).jobs) {
      learnt.add(jobId);
    }
  }
  await all;
  for (const { jobId } of (await learn()).jobs) {
    learnt.add(jobId);
  }
  assert.deepEqual(
    accepted.filter((jobId) => !learnt.has(jobId)),
    [],
  );
  assert.equal(learnt.size, accepted.length);
});

sharedDatabaseTest(
  "a service learns which tokens another one revoked, and which principals it changed, with their tokens",
  async (t) => {
    const [one, other] = (await sharedStores(t, 2)) as [Store, Store];
    const token = () => ({
      hash: createHash("sha256").update(randomBytes(32)).digest(),
      purpose: "admin",
      expiresAt: null,
    });
    const newPrincipal = (name: string) =>
      one.write.createPrincipal({ kind: "user", name, roles: ["administrator"], token: token() });
    const ada = await newPrincipal("Ada");
    const bob = await newPrincipal("Bob");
    const eve = await newPrincipal("Eve");
    const learn = await learner(other);
    const { tokenId } = await one.write.createToken({ principalId: ada.principalId, ...token(), replace: true });
    assert.deepEqual((await learn()).revokedTokens, [ada.tokenId]);
    await one.write.changePrincipal({ principalId: bob.principalId, enabled: false });
    await one.write.deletePrincipal({ principalId: eve.principalId });
    const both = ({ principalId, tokenId: own }: { principalId: string; tokenId: string | null }) => [principalId, own];
    assert.deepEqual((await learn()).revokedTokens.sort(), [bob, eve].flatMap(both).sort());
    await one.write.changePrincipal({ principalId: bob.principalId, enabled: true });
    await one.write.revokeTokens({ principalId: ada.principalId });
    assert.deepEqual((await learn()).revokedTokens.sort(), [ada.principalId, tokenId, ...both(bob)].sort());
  },
);

sharedDatabaseTest("a change is not passed over, however long after later ones it is committed", async (t) => {
  const { databaseUrl = "", ...options } = await temporaryStoreOptions(t);
  const store = await openStore({ ...options, databaseUrl });
  t.after(() => store.close());
  const runbook = await addRunbook(store, "runbook");
  const early = await acceptJob(store, runbook);
  const learn = await learner(store);
  const transaction = new sql.Transaction(connectionOfTestDatabase(databaseUrl));
  await transaction.begin();
  const change = new sql.Request(transaction).input("job_id", sql.VarBinary(16), Buffer.from(idToBytes(early)));
  await change.query("UPDATE runsmith.jobs SET record_count = record_count + 1 WHERE job_id = @job_id");
  const late = await acceptJob(store, runbook);
  const before = await learn();
  await transaction.commit();
  const after = await learn();
  const learnt = [...before.jobs, ...after.jobs].map(({ jobId }) => jobId);
  assert.deepEqual(learnt.sort(), [early, late].sort());
});

test("an error at the first look at changes is told: it does not make the service read them otherwise from then on", async () => {
  const texts = new Set<string>();
  const session = {
    query: (text: string) => {
      texts.add(text);
      return isFirst
        ? Promise.reject(new SqlError(8623, "no plan"))
        : Promise.resolve({ recordsets: [[{ up_to: Buffer.alloc(8, 1) }], [], []], rowsAffected: [], returnValue: 0 });
    },
  } as unknown as MssqlSession;
  let isFirst = true;
  const { changesSince } = changeReads(session);
  await assert.rejects(changesSince({ after: null, limit: 1 }), { number: 8623 });
  isFirst = false;
  await changesSince({ after: null, limit: 1 });
  assert.equal(texts.size, 1);
});
