import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import test from "node:test";
import { actAs } from "./actor.ts";
import { stampOf } from "./audit/audit-entry.ts";
import { auditRules } from "./audit/audit-rules.ts";
import { writeRules } from "./mssql/operations.ts";
import type { StoredAuditEntry } from "./operations/audit.ts";
import { readOperations as sqliteReads, writeOperations as sqliteWrites } from "./sqlite/operations.ts";
import type { SqliteSession } from "./sqlite/session.ts";
import type { Store } from "./store.ts";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

const ada = {
  principalId: "0195e7c4-0000-7000-8000-000000000001",
  name: "Ada",
  kind: "user",
  signedInBy: "token 0195e7c4-0000-7000-8000-000000000002",
  address: "192.0.2.7",
  requestId: "q3Fz81kd-1f",
} as const;

const newHash = () => new Uint8Array(randomBytes(32));

async function newest(store: Store): Promise<StoredAuditEntry> {
  const { items } = await store.read.auditEntries({ limit: 1 });
  assert.ok(items[0] !== undefined, "there is no entry");
  return items[0];
}

const changesOf = ({ before, after }: StoredAuditEntry) => ({
  before: before === null ? null : (JSON.parse(before) as unknown),
  after: after === null ? null : (JSON.parse(after) as unknown),
});

test("every write operation of both databases says how the audit tells it, or why it does not", () => {
  const nothing = {} as SqliteSession;
  const declared = Object.keys(auditRules).sort();
  assert.deepEqual(Object.keys(sqliteWrites(nothing)).sort(), declared);
  assert.deepEqual(Object.keys(writeRules).sort(), declared);
  for (const [name, rule] of Object.entries(auditRules)) {
    assert.ok("tell" in rule || rule.because.length > 20, `${name} gives no reason`);
  }
  assert.ok("auditEntries" in sqliteReads(nothing));
});

storeTest("an entry tells who did what, when, from where, and what is different now", async (t) => {
  const store = await temporaryStore(t);
  const before = Date.now();
  const { group } = await actAs(ada, () =>
    store.write.setWorkerGroup({ name: "dmz", description: "outside", changedBy: "Ada" }),
  );
  const made = await newest(store);
  const { entryId, happenedAt, before: _, after: __, ...told } = made;
  assert.deepEqual(told, {
    principalId: ada.principalId,
    principalName: "Ada",
    principalKind: "user",
    signedInBy: ada.signedInBy,
    address: "192.0.2.7",
    requestId: "q3Fz81kd-1f",
    action: "create",
    thingKind: "worker-group",
    thingId: null,
    thingName: "dmz",
    keyId: null,
    stamp: null,
    sequence: null,
    mac: null,
  });
  assert.ok(Math.abs(happenedAt - before) < 60_000);
  assert.match(entryId, /^[0-9a-f-]{36}$/);
  assert.deepEqual(changesOf(made), { before: null, after: { description: "outside", leaseDuration: null } });

  await store.write.setWorkerGroup({ name: "DMZ", leaseDuration: 9_000, changedBy: "Ada" });
  const changed = await newest(store);
  assert.equal(changed.action, "change");
  assert.equal(changed.principalName, "service");
  assert.equal(changed.thingName, group.name);
  assert.deepEqual(changesOf(changed), { before: { leaseDuration: null }, after: { leaseDuration: 9_000 } });

  await actAs(ada, () => store.write.removeWorkerGroup({ name: "dmz" }));
  assert.deepEqual(changesOf(await newest(store)), {
    before: { description: "outside", leaseDuration: 9_000 },
    after: null,
  });
});

storeTest("an entry commits with its change or not at all, and what changes nothing is not told", async (t) => {
  const store = await temporaryStore(t);
  await store.write.createPrincipal({ kind: "user", name: "Ada", roles: [] });
  const entries = async () => (await store.read.auditEntries({ limit: 100 })).items.length;
  const known = await entries();
  await assert.rejects(store.write.createPrincipal({ kind: "user", name: "ADA", roles: [] }));
  await assert.rejects(store.write.removeWorkerGroup({ name: "nowhere" }));
  const principal = await store.read.principalByName({ kind: "user", name: "Ada" });
  await store.write.changePrincipal({ principalId: principal?.principalId ?? "", roles: [] });
  assert.equal(await entries(), known);
  const key = { principalId: ada.principalId, key: "once", requestHash: newHash() };
  const twice = () => store.once(key).createPrincipal({ kind: "group", name: "Operators", roles: [] });
  assert.deepEqual(await twice(), await twice());
  assert.equal(await entries(), known + 1);
});

storeTest("no entry holds the hash of a token or of a password", async (t) => {
  const store = await temporaryStore(t);
  const hash = newHash();
  const { principalId } = await store.write.createPrincipal({
    kind: "user",
    name: "Ada",
    roles: [],
    token: { hash, purpose: "admin", expiresAt: null },
    user: { passwordHash: "$argon2id$secret-hash" },
  });
  await store.write.createToken({ principalId, hash: newHash(), purpose: "script", expiresAt: null });
  await store.write.changePrincipal({ principalId, user: { passwordHash: "$argon2id$another-hash" } });
  await store.write.revokeTokens({ principalId });
  const { items } = await store.read.auditEntries({ limit: 100 });
  assert.deepEqual(
    items.map(({ action }) => action),
    ["revoke-tokens", "change", "create-token", "create"],
  );
  const all = JSON.stringify(items);
  assert.ok(!all.includes("argon2id") && !all.includes(Buffer.from(hash).toString("hex")));
  assert.match(items[1]?.after ?? "", /passwordChangedAt/);
});

storeTest("with a key each entry is stamped, and anything else in it has another stamp", async (t) => {
  const store = await temporaryStore(t);
  const key = newHash();
  store.stampAudit({ id: "k1", key });
  await actAs({ ...ada, name: "lone \ud800 surrogate" }, () =>
    store.write.setWorkerGroup({ name: "dmz", description: "line\nbreak", changedBy: "Ada" }),
  );
  const { keyId, stamp, sequence, mac, ...entry } = await newest(store);
  assert.equal(keyId, "k1");
  assert.deepEqual(Buffer.from(stamp ?? []), Buffer.from(stampOf(entry, key)));
  assert.notDeepEqual(Buffer.from(stamp ?? []), Buffer.from(stampOf({ ...entry, address: "192.0.2.8" }, key)));
  assert.deepEqual([sequence, mac], [null, null]);
});

storeTest("entries are found by who, what, which thing and when, page by page", async (t) => {
  const store = await temporaryStore(t);
  const bob = { ...ada, principalId: "0195e7c4-0000-7000-8000-000000000009", name: "Bob" };
  for (let number = 0; number < 6; number += 1) {
    const by = number % 2 === 0 ? ada : bob;
    await actAs(by, () => store.write.setWorkerGroup({ name: `group-${number}`, changedBy: by.name }));
  }
  await actAs(bob, () => store.write.createPrincipal({ kind: "user", name: "Eve", roles: [] }));
  const names = async (of: Parameters<Store["read"]["auditEntries"]>[0]) =>
    (await store.read.auditEntries(of)).items.map(({ thingName }) => thingName);
  assert.deepEqual(await names({ by: "ada", limit: 10 }), ["group-4", "group-2", "group-0"]);
  assert.deepEqual(await names({ by: bob.principalId.toUpperCase(), kind: "principal", limit: 10 }), ["Eve"]);
  assert.deepEqual(await names({ thing: "GROUP-3", limit: 10 }), ["group-3"]);
  assert.deepEqual(await names({ thing: "group-3", by: "Ada", limit: 10 }), []);
  assert.deepEqual(await names({ action: "create", kind: "worker-group", limit: 2 }), ["group-5", "group-4"]);
  assert.deepEqual(await names({ until: Date.now() - 3_600_000, limit: 10 }), []);
  const walked: (string | null)[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.read.auditEntries({ limit: 3, ...(after !== undefined && { after }) });
    walked.push(...page.items.map(({ thingName }) => thingName));
    if (page.next === null) break;
    after = page.next;
  }
  assert.deepEqual(walked, ["Eve", "group-5", "group-4", "group-3", "group-2", "group-1", "group-0"]);
});

storeTest("denied attempts are entries of who made them", async (t) => {
  const store = await temporaryStore(t);
  const nobody = { principalId: null, name: null, kind: null };
  await store.write.noteDeniedAttempts({
    attempts: [
      {
        principalId: ada.principalId,
        name: "Ada",
        kind: "user",
        address: "192.0.2.7",
        tried: null,
        refused: 0,
        notPermitted: 3,
        since: 0,
      },
      { ...nobody, address: "192.0.2.8", tried: null, refused: 40, notPermitted: 0, since: 0 },
      { ...nobody, address: "192.0.2.9", tried: ada, refused: 2, notPermitted: 0, since: 0 },
    ],
  });
  const { items } = await store.read.auditEntries({ action: "denied", limit: 10 });
  assert.deepEqual(
    items.map(({ principalName, address, thingName, after }) => [principalName, address, thingName, after]),
    [
      ["unknown", "192.0.2.9", "Ada", '{"refused":2,"since":"1970-01-01T00:00:00.000Z"}'],
      ["unknown", "192.0.2.8", null, '{"refused":40,"since":"1970-01-01T00:00:00.000Z"}'],
      ["Ada", "192.0.2.7", null, '{"notPermitted":3,"since":"1970-01-01T00:00:00.000Z"}'],
    ],
  );
});

storeTest("of two that chain entries at once one does, and what is purged leaves an anchor", async (t) => {
  const store = await temporaryStore(t);
  for (const name of ["one", "two", "three"]) {
    await store.write.setWorkerGroup({ name, changedBy: "Ada" });
  }
  const entries = await store.read.unchainedAuditEntries({ limit: 10 });
  assert.deepEqual(
    entries.map(({ thingName }) => thingName),
    ["one", "two", "three"],
  );
  const mac = (number: number) => createHmac("sha256", "key").update(String(number)).digest();
  const anchor = (sequence: number) => ({
    sequence,
    mac: mac(sequence),
    keyId: "k1",
    signedAt: 5,
    signature: mac(-sequence),
  });
  const chain = () =>
    store.write.chainAuditEntries({
      after: 0,
      entries: entries.map(({ entryId }, index) => ({ entryId, sequence: index + 1, mac: mac(index + 1) })),
      head: anchor(3),
    });
  assert.deepEqual([await chain(), await chain()], [true, false]);
  assert.deepEqual(await store.read.unchainedAuditEntries({ limit: 10 }), []);
  assert.equal((await store.read.auditAnchors()).head?.sequence, 3);
  const chained = await store.read.chainedAuditEntries({ after: 1, limit: 10 });
  assert.deepEqual(
    chained.map(({ sequence, thingName }) => [sequence, thingName]),
    [
      [2, "two"],
      [3, "three"],
    ],
  );
  const boundary = await store.read.auditPurgeBoundary({ before: Date.now() + 60_000, limit: 2 });
  assert.equal(boundary?.sequence, 2);
  assert.equal(await store.read.auditPurgeBoundary({ before: 0, limit: 2 }), null);
  assert.equal(await store.write.purgeAuditEntries({ anchor: anchor(2) }), 2);
  const { purged } = await store.read.auditAnchors();
  assert.deepEqual(
    purged && { ...purged, mac: Buffer.from(purged.mac), signature: Buffer.from(purged.signature) },
    anchor(2),
  );
});
