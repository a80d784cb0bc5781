import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";

import { setTimeout as sleep } from "node:timers/promises";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

function newHash(): Uint8Array {
  return createHash("sha256").update(randomBytes(32)).digest();
}

storeTest("a token stands for its principal and the principal's roles, until it is revoked", async (t) => {
  const store = await temporaryStore(t);
  const hash = newHash();
  const { principalId, tokenId } = await store.write.createPrincipal({
    kind: "user",
    name: "Ada",
    roles: ["administrator"],
    token: { hash, purpose: "admin", expiresAt: null },
  });
  assert.deepEqual(await store.read.tokenHolder({ hash }), {
    tokenId,
    principalId,
    kind: "user",
    name: "Ada",
    roles: ["administrator"],
    groupIds: [],
    purpose: "admin",
    scope: null,
    expiresAt: null,
    lastUsedAt: null,
    rights: [],
  });
  await store.write.markTokensUsed({ tokens: [{ tokenId: tokenId ?? "", usedAt: 5 }] });
  assert.equal((await store.read.tokenHolder({ hash }))?.lastUsedAt, 5);
  assert.equal(await store.read.tokenHolder({ hash: newHash() }), null);
  assert.equal(await store.write.revokeTokens({ principalId }), 1);
  assert.equal(await store.read.tokenHolder({ hash }), null);
});

storeTest("a token opens nothing once it has expired or its principal is switched off", async (t) => {
  const store = await temporaryStore(t);
  const [expiring, lasting] = [newHash(), newHash()];
  const { principalId } = await store.write.createPrincipal({
    kind: "user",
    name: "Ada",
    roles: [],
    token: { hash: expiring, purpose: "short", expiresAt: Date.now() - 1 },
  });
  await store.write.createToken({ principalId, hash: lasting, purpose: "long", expiresAt: null });
  await sleep(1);
  assert.equal(await store.read.tokenHolder({ hash: expiring }), null);
  assert.equal(await store.write.purgeExpiredTokens({ limit: 10 }), 1);
  await store.write.changePrincipal({ principalId, enabled: false });
  assert.equal(await store.read.tokenHolder({ hash: lasting }), null);
  const enabled = await store.write.changePrincipal({ principalId, enabled: true, roles: ["reader"] });
  assert.deepEqual(enabled.roles, ["reader"]);
  assert.deepEqual((await store.read.tokenHolder({ hash: lasting }))?.roles, ["reader"]);
});

storeTest("replacing a token leaves no moment with two or none", async (t) => {
  const store = await temporaryStore(t);
  const [old, fresh, other] = [newHash(), newHash(), newHash()];
  const { principalId } = await store.write.createPrincipal({
    kind: "user",
    name: "admin",
    roles: [],
    token: { hash: old, purpose: "admin", expiresAt: null },
  });
  await store.write.createToken({ principalId, hash: other, purpose: "script", expiresAt: null });
  await store.write.createToken({ principalId, hash: fresh, purpose: "admin", expiresAt: null, replace: true });
  assert.equal(await store.read.tokenHolder({ hash: old }), null);
  assert.notEqual(await store.read.tokenHolder({ hash: fresh }), null);
  assert.notEqual(await store.read.tokenHolder({ hash: other }), null);
});

storeTest("a name is taken once per kind, and a deleted principal takes its tokens along", async (t) => {
  const store = await temporaryStore(t);
  const hash = newHash();
  const { principalId } = await store.write.createPrincipal({
    kind: "user",
    name: "Ada",
    roles: [],
    token: { hash, purpose: "admin", expiresAt: null },
  });
  await assert.rejects(store.write.createPrincipal({ kind: "user", name: "ADA", roles: [] }), {
    code: "principal-exists",
  });
  await store.write.createPrincipal({ kind: "group", name: "Ada", roles: [] });
  assert.equal((await store.read.principalByName({ kind: "user", name: "ada" }))?.principalId, principalId);
  assert.equal(await store.write.deletePrincipal({ principalId }), true);
  assert.equal(await store.write.deletePrincipal({ principalId }), false);
  assert.equal(await store.read.tokenHolder({ hash }), null);
  assert.equal(await store.read.principal({ principalId }), null);
  await assert.rejects(store.write.createToken({ principalId, hash: newHash(), purpose: "admin", expiresAt: null }), {
    code: "principal-not-found",
    status: 404,
  });
});
