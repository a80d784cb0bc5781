import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { openStore } from "../open-store.ts";
import type { ChangedJob } from "../operations/changes.ts";
import type { Store } from "../store.ts";
import { acceptJob, addRunbook } from "../testing/accept-jobs.ts";
import { sharedDatabaseTest, temporaryDirectory, temporaryStoreOptions } from "../testing/temporary-store.ts";
import { RereadWindow } from "./reread-window.ts";

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

test("what is read again where nobody says what is under way is given once, and changes of the last second are not passed over", () => {
  let now = 0;
  const window = new RereadWindow(() => now);
  assert.equal(window.from(10n), 10n);
  window.readUpTo(10n);
  now = 400;
  // Committed late, with a version below what was read.
  assert.equal(window.isNew("a", 12n), true);
  window.readUpTo(20n);
  assert.equal(window.from(20n), 10n);
  assert.equal(window.isNew("a", 12n), false);
  assert.equal(window.isNew("b", 11n), true);
  assert.equal(window.isNew("a", 15n), true);
  now = 1_500;
  window.readUpTo(30n);
  assert.equal(window.from(30n), 20n);
});
