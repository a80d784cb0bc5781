import assert from "node:assert/strict";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

const providerId = "0195e7c4-0000-7000-8000-000000000001";
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

storeTest("a sign-in provider is kept with its sealed secret, changed by its revision, and removed", async (t) => {
  const store = await temporaryStore(t);
  const settings = { issuer: "https://corp.example", groups: { a: "b" } };
  const provider = {
    providerId,
    name: "corp",
    settings,
    enabled: true,
    sealedSecret: bytes("sealed 1"),
    changedBy: "Ada",
  };
  const created = await store.write.createSignInProvider(provider);
  assert.deepEqual(created.settings, settings);
  assert.equal(created.secretVersion, 1);
  await assert.rejects(store.write.createSignInProvider({ ...provider, providerId: providerId.replace(/1$/, "2") }), {
    code: "sign-in-provider-exists",
  });
  const change = { name: "corp", settings: {}, enabled: false, changedBy: "Bob", expectedRevision: 1 };
  const changed = await store.write.changeSignInProvider(change);
  assert.deepEqual([changed.enabled, changed.revision, changed.modifiedBy], [false, 2, "Bob"]);
  assert.deepEqual(changed.sealedSecret, bytes("sealed 1"));
  await assert.rejects(store.write.changeSignInProvider(change), { code: "revision-mismatch" });
  const secret = { sealed: bytes("sealed 2"), version: 2 };
  await store.write.changeSignInProvider({ ...change, secret, expectedRevision: 2 });
  assert.deepEqual(await store.read.sealedProviderSecrets({ after: null, limit: 5 }), [
    { rowId: providerId, version: 2, sealed: bytes("sealed 2") },
  ]);
  await store.write.rewrapProviderSecrets({ rows: [{ rowId: providerId, version: 1, sealed: bytes("late") }] });
  await store.write.rewrapProviderSecrets({ rows: [{ rowId: providerId, version: 2, sealed: bytes("rewrapped") }] });
  assert.deepEqual((await store.read.signInProvider({ name: "corp" }))?.sealedSecret, bytes("rewrapped"));
  assert.deepEqual(await store.read.sealedProviderSecrets({ after: providerId, limit: 5 }), []);
  await assert.rejects(store.write.removeSignInProvider({ name: "corp", expectedRevision: 1 }), {
    code: "revision-mismatch",
  });
  assert.equal(await store.write.removeSignInProvider({ name: "corp" }), true);
  assert.equal(await store.write.removeSignInProvider({ name: "corp" }), false);
  assert.deepEqual(await store.read.signInProviders(), []);
});

storeTest("the memberships that a sign-in provider gave end with it, and anybody's with their removal", async (t) => {
  const store = await temporaryStore(t);
  const { principalId: groupId } = await store.write.createPrincipal({ kind: "group", name: "Operators", roles: [] });
  const { principalId } = await store.write.createPrincipal({ kind: "user", name: "Ada", roles: [] });
  const provider = { providerId, name: "corp", settings: {}, enabled: true, sealedSecret: null, changedBy: "Ada" };
  const given = { principalId, groupIds: [groupId], source: "corp", addedBy: "corp" };
  const isMember = async () => (await store.read.groupsOf({ principalId })).length === 1;
  await store.write.createSignInProvider(provider);
  await store.write.setMemberships(given);
  assert.ok(await isMember());
  await store.write.removeSignInProvider({ name: "corp" });
  assert.equal(await isMember(), false);
  await store.write.setMemberships(given);
  assert.equal(await store.write.removeGroupMember({ groupId, principalId }), true);
  assert.equal(await isMember(), false);
});
