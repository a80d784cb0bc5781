import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

const principalId = randomUUID();

function key(name: string, request = "a request"): { principalId: string; key: string; requestHash: Uint8Array } {
  return { principalId, key: name, requestHash: new Uint8Array(createHash("sha256").update(request).digest()) };
}

storeTest("a write repeated under its key is done once and gives the same result", async (t) => {
  const store = await temporaryStore(t);
  const create = () => store.once(key("1")).createPrincipal({ kind: "user", name: "Ada", roles: [] });
  const [first, second] = await Promise.all([create(), create()]);
  assert.deepEqual(second, first);
  assert.deepEqual(await create(), first);
  const elsewhere = store.once(key("2")).createPrincipal({ kind: "user", name: "Ada", roles: [] });
  await assert.rejects(elsewhere, { code: "principal-exists" });
});

storeTest("a failure is not kept: the same key may be tried again", async (t) => {
  const store = await temporaryStore(t);
  const { principalId: taken } = await store.write.createPrincipal({ kind: "user", name: "Ada", roles: [] });
  const create = () => store.once(key("1")).createPrincipal({ kind: "user", name: "Ada", roles: [] });
  await assert.rejects(create(), { code: "principal-exists" });
  await store.write.deletePrincipal({ principalId: taken });
  await create();
});

storeTest("a key that came with another request is refused", async (t) => {
  const store = await temporaryStore(t);
  await store.once(key("1")).createPrincipal({ kind: "user", name: "Ada", roles: [] });
  await assert.rejects(store.once(key("1", "another")).createPrincipal({ kind: "user", name: "Bob", roles: [] }), {
    name: "UserError",
    code: "idempotency-key-reused",
    status: 422,
  });
  assert.equal(await store.read.principalByName({ kind: "user", name: "Bob" }), null);
});

storeTest("an answer is kept beside the result, the first one for good, and forgotten with age", async (t) => {
  const store = await temporaryStore(t);
  const result = await store.once(key("1")).createPrincipal({ kind: "user", name: "Ada", roles: [] });
  assert.equal((await store.read.idempotentAnswer({ principalId, key: "1" }))?.status, null);
  await store.write.keepIdempotentAnswer({ ...key("1"), status: 201, body: '{"a":1}' });
  await store.write.keepIdempotentAnswer({ ...key("1"), status: 500, body: "{}" });
  await store.write.keepIdempotentAnswer({ ...key("2"), status: 200, body: "{}" });
  const kept = await store.read.idempotentAnswer({ principalId, key: "1" });
  assert.partialDeepStrictEqual(kept, { status: 201, body: '{"a":1}', requestHash: key("1").requestHash });
  assert.deepEqual(await store.once(key("1")).createPrincipal({ kind: "user", name: "Ada", roles: [] }), result);
  assert.equal(await store.read.idempotentAnswer({ principalId: randomUUID(), key: "1" }), null);
  assert.equal(await store.write.purgeIdempotentAnswers({ before: Date.now() + 1_000, limit: 1 }), 1);
  assert.equal(await store.write.purgeIdempotentAnswers({ before: Date.now() + 1_000, limit: 10 }), 1);
  assert.equal(await store.read.idempotentAnswer({ principalId, key: "1" }), null);
});
