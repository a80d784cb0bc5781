import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "./store.ts";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

function newHash(): Uint8Array {
  return createHash("sha256").update(randomBytes(32)).digest();
}

async function make(store: Store, kind: "user" | "group" | "service-principal", name: string, roles: string[] = []) {
  return (await store.write.createPrincipal({ kind, name, roles })).principalId;
}

async function tokenOf(store: Store, principalId: string): Promise<Uint8Array> {
  const hash = newHash();
  await store.write.createToken({ principalId, hash, purpose: "test", expiresAt: null });
  return hash;
}

async function sessionOf(store: Store, principalId: string, times = { idleTime: 60_000, longestTime: 60_000 }) {
  const hash = newHash();
  const begun = await store.write.beginSession({ principalId, method: "password", address: "::1", hash, ...times });
  return { hash, ...begun };
}

storeTest(
  "a token speaks for its principal's groups too, as long as they are enabled and it is a member",
  async (t) => {
    const store = await temporaryStore(t);
    const ada = await make(store, "user", "Ada");
    const hash = await tokenOf(store, ada);
    const operators = await make(store, "group", "Operators");
    const administrators = await make(store, "group", "Administrators", ["administrator"]);
    for (const groupId of [operators, administrators]) {
      assert.equal(await store.write.addGroupMember({ groupId, principalId: ada, addedBy: "test" }), true);
      assert.equal(await store.write.addGroupMember({ groupId, principalId: ada, addedBy: "test" }), false);
    }
    const holder = await store.read.tokenHolder({ hash });
    assert.deepEqual(holder?.groupIds, [operators, administrators].sort());
    assert.deepEqual(holder?.roles, ["administrator"]);
    assert.deepEqual((await store.read.actingPrincipal({ principalId: ada }))?.groupIds, holder?.groupIds);
    await store.write.changePrincipal({ principalId: administrators, enabled: false });
    assert.deepEqual((await store.read.tokenHolder({ hash }))?.roles, []);
    await store.write.removeGroupMember({ groupId: operators, principalId: ada });
    assert.deepEqual((await store.read.tokenHolder({ hash }))?.groupIds, []);
  },
);

storeTest("a membership that a provider gave goes with the provider's word, one given by hand stays", async (t) => {
  const store = await temporaryStore(t);
  const ada = await make(store, "user", "Ada");
  const [one, two] = [await make(store, "group", "one"), await make(store, "group", "two")];
  await store.write.addGroupMember({ groupId: one, principalId: ada, addedBy: "test" });
  const source = { principalId: ada, source: "corp", addedBy: "corp" };
  await store.write.setMemberships({ ...source, groupIds: [one, two] });
  assert.deepEqual(
    (await store.read.groupsOf({ principalId: ada })).map(({ name, source }) => `${name} ${source}`),
    ["one ", "one corp", "two corp"],
  );
  await store.write.setMemberships({ ...source, groupIds: [] });
  assert.deepEqual(
    (await store.read.groupsOf({ principalId: ada })).map(({ name, source }) => `${name} ${source}`),
    ["one "],
  );
});

storeTest("members of a group page by key, and are gone with the group or with themselves", async (t) => {
  const store = await temporaryStore(t);
  const group = await make(store, "group", "all");
  const members = [
    await make(store, "user", "a"),
    await make(store, "service-principal", "b"),
    await make(store, "user", "c"),
  ];
  for (const principalId of members) {
    await store.write.addGroupMember({ groupId: group, principalId, addedBy: "test" });
  }
  const first = await store.read.groupMembers({ groupId: group, limit: 2 });
  const second = await store.read.groupMembers({ groupId: group, limit: 2, after: first.next ?? "" });
  assert.deepEqual(
    [...first.items, ...second.items].map(({ principalId }) => principalId),
    members.toSorted(),
  );
  assert.equal(second.next, null);
  await store.write.deletePrincipal({ principalId: members[0] ?? "" });
  assert.equal((await store.read.groupMembers({ groupId: group, limit: 9 })).items.length, 2);
  assert.equal(await store.write.deletePrincipal({ principalId: group }), true);
  assert.deepEqual(await store.read.groupsOf({ principalId: members[1] ?? "" }), []);
});

storeTest("groups consist of users and service principals, and nothing else is a group", async (t) => {
  const store = await temporaryStore(t);
  const [group, other] = [await make(store, "group", "one"), await make(store, "group", "two")];
  const ada = await make(store, "user", "Ada");
  const add = (groupId: string, principalId: string) =>
    store.write.addGroupMember({ groupId, principalId, addedBy: "test" });
  await assert.rejects(add(group, other), { code: "not-a-member" });
  await assert.rejects(add(ada, ada), { code: "not-a-group" });
  await assert.rejects(add(group, "01890000-0000-7000-8000-000000000001"), { code: "principal-not-found" });
});

storeTest(
  "what is known of a user is kept beside the principal, its password only as a hash that nobody lists",
  async (t) => {
    const store = await temporaryStore(t);
    const { principalId } = await store.write.createPrincipal({
      kind: "user",
      name: "Ada",
      roles: [],
      description: "the first",
      user: {
        displayName: "Ada L.",
        email: "ada@example.org",
        passwordHash: "$argon2id$one",
        mustChangePassword: true,
      },
      createdBy: "administrator",
    });
    const made = await store.read.principal({ principalId });
    assert.equal(made?.description, "the first");
    assert.doesNotMatch(JSON.stringify(made), /argon2id/);
    assert.deepEqual(
      { ...made?.user, passwordChangedAt: undefined },
      {
        displayName: "Ada L.",
        email: "ada@example.org",
        hasPassword: true,
        mustChangePassword: true,
        passwordChangedAt: undefined,
        signedInAt: null,
      },
    );
    assert.deepEqual(await store.read.principals({ kind: "user", limit: 10 }), { items: [made], next: null });
    const account = await store.read.signInAccount({ name: "ADA" });
    assert.equal(account?.passwordHash, "$argon2id$one");
    assert.equal(await store.read.signInAccount({ name: "Bob" }), null);
    const changed = await store.write.changePrincipal({
      principalId,
      user: { email: null, mustChangePassword: false },
      changedBy: "Bob",
      expectedRevision: 1,
    });
    assert.equal(changed.user?.email, null);
    assert.equal(changed.user?.hasPassword, true);
    assert.equal(changed.revision, 2);
    assert.equal(changed.modifiedBy, "Bob");
    await assert.rejects(store.write.changePrincipal({ principalId, enabled: false, expectedRevision: 1 }), {
      code: "revision-mismatch",
    });
  },
);

storeTest("a session ends when it is ended, when it idles, at its end, and with its user", async (t) => {
  const store = await temporaryStore(t);
  const ada = await make(store, "user", "Ada");
  const ended = await sessionOf(store, ada);
  const idle = await sessionOf(store, ada, { idleTime: 0, longestTime: 60_000 });
  const over = await sessionOf(store, ada, { idleTime: 60_000, longestTime: 0 });
  const lasting = await sessionOf(store, ada);
  await sleep(5);
  assert.equal((await store.read.sessionHolder(ended))?.principalId, ada);
  assert.equal(await store.write.endSession(ended), true);
  for (const gone of [ended, idle, over, { hash: newHash() }]) {
    assert.equal(await store.read.sessionHolder({ hash: gone.hash }), null);
  }
  assert.deepEqual(
    (await store.read.sessions({ principalId: ada })).map(({ sessionId }) => sessionId),
    [lasting.sessionId],
  );
  assert.equal(await store.write.purgeEndedSessions({ limit: 10 }), 2);
  await store.write.changePrincipal({ principalId: ada, enabled: false });
  await store.write.changePrincipal({ principalId: ada, enabled: true });
  assert.equal(await store.read.sessionHolder(lasting), null);
});

storeTest("a new password ends all sessions but the one in which it was changed", async (t) => {
  const store = await temporaryStore(t);
  const ada = await make(store, "user", "Ada");
  const [here, elsewhere] = [await sessionOf(store, ada), await sessionOf(store, ada)];
  await store.write.changePrincipal({ principalId: ada, user: { passwordHash: "$new" }, keepSession: here.sessionId });
  assert.notEqual(await store.read.sessionHolder(here), null);
  assert.equal(await store.read.sessionHolder(elsewhere), null);
});

storeTest("the secret of a session is replaced by a newer one that was seen, not by one that got lost", async (t) => {
  const store = await temporaryStore(t);
  const ada = await make(store, "user", "Ada");
  const { sessionId, hash } = await sessionOf(store, ada);
  const next = newHash();
  await sleep(5);
  assert.equal(await store.write.addSessionSecret({ sessionId, hash: next }), true);
  assert.equal((await store.read.sessionHolder({ hash }))?.hasFormerSecret, false);
  assert.equal((await store.read.sessionHolder({ hash: next }))?.hasFormerSecret, true);
  await store.write.retireSessionSecrets({ sessionId, hash: next, grace: 0 });
  await sleep(5);
  assert.equal(await store.read.sessionHolder({ hash }), null);
  assert.equal((await store.read.sessionHolder({ hash: next }))?.hasFormerSecret, false);
  await store.write.endSession({ sessionId });
  assert.equal(await store.write.addSessionSecret({ sessionId, hash: newHash() }), false);
});

storeTest("a token carries the permissions it was made with, and is listed without itself", async (t) => {
  const store = await temporaryStore(t);
  const ada = await make(store, "user", "Ada");
  const hash = newHash();
  const token = { principalId: ada, hash, purpose: "api", name: "report", scope: ["read"], expiresAt: null };
  const { tokenId } = await store.write.createToken({ ...token, createdBy: "Ada" });
  assert.deepEqual((await store.read.tokenHolder({ hash }))?.scope, ["read"]);
  const [listed] = (await store.read.tokens({ principalId: ada, limit: 5 })).items;
  assert.equal(listed?.name, "report");
  assert.equal(listed?.createdBy, "Ada");
  assert.deepEqual(listed, await store.read.token({ tokenId }));
  assert.equal((await store.read.tokens({ limit: 5 })).items.length, 1);
  assert.equal(await store.write.revokeToken({ tokenId }), true);
  assert.equal(await store.write.revokeToken({ tokenId }), false);
  assert.equal(await store.read.tokenHolder({ hash }), null);
});

storeTest("an identity of a provider is one user, and takes nobody else's name", async (t) => {
  const store = await temporaryStore(t);
  const identityHash = newHash();
  const identity = { identityHash, provider: "corp", issuer: "https://corp.example", subject: "1" };
  const user = { name: "Ada", displayName: "Ada", email: null };
  const { principalId } = await store.write.createUserOfIdentity({ ...user, ...identity });
  assert.deepEqual(await store.read.userOfIdentity({ identityHash }), { principalId });
  await assert.rejects(store.write.createUserOfIdentity({ ...user, ...identity, name: "Eve" }), {
    code: "identity-exists",
  });
  assert.equal(await store.read.principalByName({ kind: "user", name: "Eve" }), null);
  await assert.rejects(store.write.createUserOfIdentity({ ...user, ...identity, identityHash: newHash() }), {
    code: "principal-exists",
  });
});

storeTest("no session begins by a password that was changed after it was verified", async (t) => {
  const store = await temporaryStore(t);
  const user = { displayName: "", email: null, passwordHash: "former", mustChangePassword: false };
  const { principalId } = await store.write.createPrincipal({ kind: "user", name: "Ada", roles: [], user });
  const begin = (passwordHash: string) =>
    store.write.beginSession({
      principalId,
      method: "password",
      address: "::1",
      passwordHash,
      hash: newHash(),
      idleTime: 60_000,
      longestTime: 60_000,
    });
  await begin("former");
  await store.write.changePrincipal({ principalId, user: { passwordHash: "next" } });
  await assert.rejects(begin("former"), { code: "principal-not-found" });
  assert.deepEqual(await store.read.sessions({ principalId }), []);
  await begin("next");
  assert.equal((await store.read.sessions({ principalId })).length, 1);
});
