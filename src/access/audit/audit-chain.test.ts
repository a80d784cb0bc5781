import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import test from "node:test";
import type { AuditVerificationResource } from "../../contract/api/audit.ts";
import { soleLeader } from "../../services/duty-leader.ts";
import { actAs } from "../../store/actor.ts";
import { openStore } from "../../store/open-store.ts";
import { storeTest, temporaryDirectory, temporaryStore } from "../../store/testing/temporary-store.ts";
import { AuditChain } from "./audit-chain.ts";
import { AuditFeature } from "./audit-feature.ts";
import { auditKey } from "./audit-seals.ts";
import { AuditVerification, anchorResource } from "./audit-verification.ts";

const key = auditKey(new Uint8Array(randomBytes(32)));
const logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A chain of so many entries, and what breaks into the database where they are. */
async function ground(t: TestContext, entries: number) {
  const dataDirectory = temporaryDirectory(t);
  const store = await openStore({ dataDirectory });
  t.after(() => store.close());
  store.stampAudit(key);
  const chain = new AuditChain({ store, key, leadership: soleLeader, logger, retention: 86_400_000 });
  const verification = new AuditVerification(store, key);
  const write = async (names: string[]) => {
    for (const name of names) {
      await store.write.setWorkerGroup({ name, changedBy: "Ada" });
    }
    await chain.chainNew();
  };
  await write(Array.from({ length: entries }, (_, number) => `group-${number + 1}`));
  return {
    store,
    chain,
    verification,
    write,
    problems: async (of = {}) => (await verification.verify(of)).findings.map(({ problem }) => problem),
    breakIn(sql: string) {
      const database = new DatabaseSync(join(dataDirectory, "runsmith.sqlite"));
      try {
        database.exec(sql);
      } finally {
        database.close();
      }
    },
  };
}

storeTest("an untouched audit is found so, however it grew", async (t) => {
  const store = await temporaryStore(t);
  store.stampAudit(key);
  const chain = new AuditChain({ store, key, leadership: soleLeader, logger, retention: null });
  const verification = new AuditVerification(store, key);
  const fine = (verified: number): AuditVerificationResource => ({ verified, findings: [], next: null });
  assert.deepEqual(await verification.verify({}), fine(0));
  for (const name of ["one", "zwei", "três", "四"]) {
    await store.write.setWorkerGroup({ name, description: `${name} "quoted" \u2028`, changedBy: "Ada" });
    await chain.chainNew();
  }
  await store.write.setWorkerGroup({ name: "not chained yet", changedBy: "Ada" });
  assert.deepEqual(await verification.verify({}), fine(4));
  assert.deepEqual(await verification.verify({ after: 2 }), fine(2));
  await Promise.all([chain.chainNew(), chain.chainNew()]);
  assert.deepEqual(await verification.verify({}), fine(5));
});

test("a changed entry is found, whatever of it was changed", async (t) => {
  const { problems, breakIn } = await ground(t, 5);
  const changed = [
    "It was changed, or is not of this installation.",
    "It does not follow from the entry before: one of them was changed or exchanged.",
  ];
  for (const [column = "", value = ""] of [
    ["principal_name", "'Eve'"],
    ["address", "'192.0.2.66'"],
    ["happened_at", "happened_at + 1"],
    ["state_after", "'{}'"],
    ["thing_name", "'other'"],
  ]) {
    breakIn(`CREATE TABLE kept AS SELECT ${column} AS value FROM audit_entries WHERE sequence = 3;
      UPDATE audit_entries SET ${column} = ${value} WHERE sequence = 3`);
    assert.deepEqual(await problems(), changed, column);
    breakIn(`UPDATE audit_entries SET ${column} = (SELECT value FROM kept) WHERE sequence = 3; DROP TABLE kept`);
  }
  assert.deepEqual(await problems(), []);
});

test("a removed entry is found: in the middle, at the end, and at the beginning", async (t) => {
  const { problems, breakIn } = await ground(t, 6);
  breakIn("DELETE FROM audit_entries WHERE sequence = 6");
  assert.deepEqual(await problems(), [
    "The chain ends at entry 5, but was signed up to 6: the last entries were removed.",
  ]);
  breakIn("DELETE FROM audit_entries WHERE sequence IN (2, 3)");
  assert.equal((await problems())[0], "Entries 2 to 3 were removed.");
  breakIn("DELETE FROM audit_entries WHERE sequence = 1");
  assert.equal((await problems())[0], "Entries 1 to 3 were removed.");
});

test("an entry that was put in is found, in the chain or before it is chained", async (t) => {
  const { problems, breakIn, chain } = await ground(t, 3);
  const columns = `workspace_id, happened_at, principal_name, principal_kind, action, thing_kind, key_id, stamp`;
  const copy = (id: string, sequence: string) =>
    breakIn(`INSERT INTO audit_entries (entry_id, sequence, mac, ${columns})
      SELECT x'${id}', ${sequence}, mac, ${columns} FROM audit_entries WHERE sequence = 1`);
  copy("0195e7c4000070008000000000000001", "NULL");
  assert.deepEqual(await problems(), [
    "It is not in the chain yet, and was written by something without the installation's key, or changed.",
  ]);
  await chain.chainNew();
  assert.deepEqual(await problems(), ["It was changed, or is not of this installation."]);
  copy("0195e7c4000070008000000000000002", "2");
  assert.ok((await problems()).includes("A second entry says that it is number 2: one of them was put in."));
  copy("0195e7c4000070008000000000000003", "5");
  assert.ok(
    (await problems()).includes(
      "Entries 5 to 5 stand behind the signed end of the chain: they were put in, or the end was put back.",
    ),
  );
});

test("entries that changed places are found", async (t) => {
  const { problems, breakIn } = await ground(t, 4);
  breakIn(`UPDATE audit_entries SET sequence = 99 WHERE sequence = 2; UPDATE audit_entries SET sequence = 2 WHERE sequence = 3;
    UPDATE audit_entries SET sequence = 3 WHERE sequence = 99`);
  assert.ok((await problems()).length > 0);
});

test("an older state that was put back as a whole is found by an anchor that was kept elsewhere", async (t) => {
  const { problems, breakIn, write, store } = await ground(t, 3);
  breakIn("CREATE TABLE kept AS SELECT * FROM audit_anchors");
  await write(["later"]);
  const { head } = await store.read.auditAnchors();
  assert.ok(head !== null);
  const anchors = [anchorResource(head)];
  assert.deepEqual(await problems({ anchors }), []);
  breakIn(
    `DELETE FROM audit_entries WHERE sequence = 4; DELETE FROM audit_anchors; INSERT INTO audit_anchors SELECT * FROM kept`,
  );
  assert.deepEqual(await problems(), []);
  assert.deepEqual(await problems({ anchors }), [
    "The chain ends at entry 3, before the kept anchor of entry 4: an older state was put back.",
  ]);
  await write(["something else"]);
  assert.deepEqual(await problems({ anchors }), [
    "The chain does not go through the kept anchor of entry 4: it was made anew.",
  ]);
  assert.deepEqual(await problems({ anchors: anchors.map((anchor) => ({ ...anchor, mac: "00".repeat(32) })) }), [
    "The kept anchor of entry 4 is not signed by this installation.",
  ]);
});

storeTest(
  "what is kept no longer is purged from the beginning, and the signed anchor in its place holds the rest",
  async (t) => {
    const store = await temporaryStore(t);
    store.stampAudit(key);
    const chain = new AuditChain({ store, key, leadership: soleLeader, logger, retention: 86_400_000 });
    const verification = new AuditVerification(store, key);
    for (const name of ["one", "two", "three"]) await store.write.setWorkerGroup({ name, changedBy: "Ada" });
    await chain.chainNew();
    assert.equal(await chain.purgeOld(), false);
    assert.equal((await store.read.auditAnchors()).purged, null);
    await chain.purgeOld(Date.now() + 2 * 86_400_000);
    assert.equal((await store.read.auditAnchors()).purged?.sequence, 3);
    await store.write.setWorkerGroup({ name: "four", changedBy: "Ada" });
    await chain.chainNew();
    assert.deepEqual(await verification.verify({}), { verified: 1, findings: [], next: null });
    const { items } = await store.read.auditEntries({ limit: 10 });
    assert.deepEqual(
      items.map(({ thingName, sequence }) => [thingName, sequence]),
      [["four", 4]],
    );
  },
);

test("a forged beginning is found", async (t) => {
  const { problems, breakIn } = await ground(t, 4);
  breakIn(`INSERT INTO audit_anchors SELECT workspace_id, 'purged', 2, (SELECT mac FROM audit_entries WHERE sequence = 2), key_id,
      signed_at, signature FROM audit_anchors;
    DELETE FROM audit_entries WHERE sequence <= 2`);
  assert.deepEqual(await problems(), [
    "The place where the chain begins since entries were purged is not signed by this installation.",
  ]);
});

storeTest("starts of jobs are listed among what was done to jobs, newest first, page by page", async (t) => {
  const store = await temporaryStore(t);
  const audit = new AuditFeature({ store, key, leadership: soleLeader, logger, retention: null });
  const actor = {
    principalId: null,
    name: "Ada",
    kind: "user",
    signedInBy: null,
    address: null,
    requestId: null,
  } as const;
  await actAs(actor, () => store.write.createPrincipal({ kind: "user", name: "Bob", roles: [] }));
  const { items, next } = await audit.list({ kind: "job", limit: 10 });
  assert.deepEqual([items, next], [[], null]);
  await assert.rejects(audit.list({ after: "nowhere", limit: 1 }), { code: "invalid-filter" });
  assert.equal((await audit.list({ by: "ada", limit: 10 })).items.length, 1);
});
