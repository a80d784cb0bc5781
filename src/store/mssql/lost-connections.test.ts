import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { skipUnless } from "../../../test/support/requires.ts";
import { openStore } from "../open-store.ts";
import type { Store } from "../store.ts";
import type { StoreReport } from "../store-options.ts";
import { acceptJob, addRunbook } from "../testing/accept-jobs.ts";
import type { DatabaseProxy } from "../testing/database-proxy.ts";
import { databaseProxy } from "../testing/database-proxy.ts";
import { onDatabase, storedRows, temporaryStoreOptions } from "../testing/temporary-store.ts";

/** A store over SQL Server by way of a network that fails on demand. */
async function storeBehindProxy(t: TestContext) {
  let proxy: DatabaseProxy | undefined;
  let store: Awaited<ReturnType<typeof openStore>> | undefined;
  t.after(async () => {
    await store?.close();
    await proxy?.[Symbol.asyncDispose]();
  });
  const options = await temporaryStoreOptions(t);
  const url = new URL(options.databaseUrl ?? "");
  url.searchParams.set("encrypt", "false");
  proxy = await databaseProxy(url.href);
  const reports: StoreReport[] = [];
  store = await openStore({ ...options, databaseUrl: proxy.url, report: (report) => reports.push(report) });
  return { store, proxy, reports, options };
}

function mssqlTest(name: string, body: (t: TestContext) => Promise<void>): void {
  test(name, skipUnless("mssql"), (t) => onDatabase("sql-server", () => body(t)));
}

mssqlTest("connections that were cut are made again, and nobody notices", async (t) => {
  const { store, proxy } = await storeBehindProxy(t);
  const made = await store.write.createPrincipal({ kind: "user", name: "Ada", roles: [] });
  for (let round = 0; round < 5; round += 1) {
    proxy.cut();
    const [principal, renamed] = await Promise.all([
      store.read.principal({ principalId: made.principalId }),
      store.write.changePrincipal({ principalId: made.principalId, roles: [`role ${round}`] }),
    ]);
    assert.equal(principal?.name, "Ada");
    assert.deepEqual(renamed.roles, [`role ${round}`]);
  }
});

mssqlTest("a commit whose answer is lost is looked up: it is done once, and its result is given", async (t) => {
  const { store, proxy, options } = await storeBehindProxy(t);
  proxy.loseCommitAnswers(2);
  const { principalId, tokenId } = await store.write.createPrincipal({
    kind: "user",
    name: "Ada",
    roles: [],
    token: { hash: new Uint8Array(32).fill(1), purpose: "test", expiresAt: null },
  });
  assert.equal(proxy.lostAnswers >= 1, true);
  assert.equal((await store.read.principalByName({ kind: "user", name: "ada" }))?.principalId, principalId);
  assert.equal((await store.read.tokenHolder({ hash: new Uint8Array(32).fill(1) }))?.tokenId, tokenId);
  proxy.loseCommitAnswers(1);
  await store.write.deletePrincipal({ principalId });
  assert.deepEqual(await storedRows(options, "principals"), []);
});

mssqlTest("a request with a key whose answer is lost is done once, and gives its first result", async (t) => {
  const { store, proxy, options } = await storeBehindProxy(t);
  proxy.loseCommitAnswers(1);
  const key = { principalId: crypto.randomUUID(), key: "1", requestHash: new Uint8Array(32) };
  const create = () => store.once(key).createPrincipal({ kind: "user", name: "Ada", roles: [] });
  assert.deepEqual(await create(), await create());
  assert.equal(proxy.lostAnswers, 1);
  assert.equal((await storedRows(options, "principals")).length, 1);
});

/** Two jobs that wait, and a worker that has said hello; `claim` offers one slot of it. */
async function claimable(store: Store) {
  const runbook = await addRunbook(store, "runbook");
  const jobs = [await acceptJob(store, runbook), await acceptJob(store, runbook)];
  const tokenHash = new Uint8Array(32).fill(7);
  const { workerId } = await store.write.createWorker({
    ...{ name: "worker", group: "default", tokenHash, tokenPurpose: "worker" },
  });
  const link = { workerId, instanceId: "instance", linkId: "link" };
  await store.write.helloWorker({
    ...{ ...link, version: "0", protocol: 2, hostName: "test", sandbox: "bubblewrap", slots: 4, running: [] },
    hostKinds: [{ kind: "node", version: "1" }],
    leases: { usual: 60_000, byGroup: {} },
  });
  const { placements } = await store.read.dispatchState({ knownPlacements: -1 });
  const queues = (placements ?? []).map(({ placementId, hostKind }) => ({ placementId, hostKind }));
  const placementIds = queues.map(({ placementId }) => placementId);
  const offers = [{ ...link, slots: 1, kindSlots: { node: 1 }, placementIds }];
  const claim = async () => (await store.write.claimJobs({ queues, offers, limit: 1 })).claimed;
  return { jobs, link, claim };
}

const losses = [
  { is: "lost", lose: (proxy: DatabaseProxy, procedure: string) => proxy.loseAnswersOf(procedure, 1) },
  { is: "cut half-way", lose: (proxy: DatabaseProxy, procedure: string) => proxy.cutWithinAnswersOf(procedure, 1) },
];
for (const { is, lose } of losses) {
  mssqlTest(
    `a claim whose answer is ${is} is looked up: the slot has one job, and the next one still waits`,
    async (t) => {
      const { store, proxy } = await storeBehindProxy(t);
      const { jobs, claim } = await claimable(store);
      lose(proxy, "runsmith.ClaimJobs");
      const claimed = await claim();
      assert.equal(proxy.lostAnswers, 1);
      assert.deepEqual(
        claimed.map(({ jobId, attempt }) => [jobId, attempt]),
        [[jobs[0], 1]],
      );
      assert.equal((await store.read.job({ jobId: jobs[1] ?? "" }))?.status, "New");
    },
  );
}

mssqlTest("a query whose answer is cut half-way is asked again: what it gives is whole", async (t) => {
  const { store, proxy } = await storeBehindProxy(t);
  const name = "Ada".repeat(60);
  const { principalId } = await store.write.createPrincipal({ kind: "user", name, roles: ["one", "two"] });
  proxy.cutWithinAnswersOf("SELECT ", 1);
  const principal = await store.read.principal({ principalId });
  assert.equal(proxy.lostAnswers, 1);
  assert.deepEqual([principal?.name, principal?.roles], [name, ["one", "two"]]);
});

mssqlTest("what a claim took that arrived after its own look-up is found", async (t) => {
  const { store, proxy } = await storeBehindProxy(t);
  const { jobs, link, claim } = await claimable(store);
  proxy.deliverLate("runsmith.ClaimJobs", 1_000);
  assert.deepEqual(await claim(), []);
  assert.deepEqual(await store.read.silentAttempts({ links: [link], age: 0 }), []);
  await sleep(2_000);
  const [jobId] = jobs;
  const orphan = { jobId, attempt: 1, workerId: link.workerId };
  assert.deepEqual(await store.read.silentAttempts({ links: [link], age: 0 }), [orphan]);
});

mssqlTest("while the database is away operations are refused for the moment; when it is back they go on", async (t) => {
  const { store, proxy, reports } = await storeBehindProxy(t);
  const { principalId } = await store.write.createPrincipal({ kind: "user", name: "Ada", roles: [] });
  await proxy.close();
  const refused = { name: "UserError", code: "database-unavailable", status: 503 };
  await Promise.all([
    assert.rejects(store.read.principal({ principalId }), refused),
    assert.rejects(store.write.changePrincipal({ principalId, enabled: false }), refused),
  ]);
  await proxy.reopen();
  assert.equal((await store.read.principal({ principalId }))?.enabled, true);
  assert.deepEqual(
    reports.map(({ message }) => message).filter((message) => message.startsWith("The database ")),
    ["The database does not answer", "The database is back"],
  );
  assert.equal(JSON.stringify(reports).includes(new URL(proxy.url).password), false);
});
