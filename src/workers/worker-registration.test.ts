import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { test } from "node:test";
import { newToken, tokenHash } from "../access/token.ts";
import type { Store } from "../store/store.ts";
import { temporaryStore } from "../store/testing/temporary-store.ts";
import { WorkerRegistration } from "./worker-registration.ts";

function registrationOf(store: Store, revoked: string[] = []): WorkerRegistration {
  return new WorkerRegistration({
    store,
    newToken() {
      const token = newToken();
      return { token, hash: tokenHash(token) };
    },
    tokensRevoked: (principalId) => revoked.push(principalId),
  });
}

test("a worker is made once under a key, although the service crashed before it could answer", async (t) => {
  const store = await temporaryStore(t);
  const registration = registrationOf(store);
  const idempotency = { principalId: randomUUID(), key: randomUUID(), requestHash: randomBytes(32) };
  const first = await registration.create({ idempotency });
  assert.ok(await store.read.tokenHolder({ hash: tokenHash(first.token) }));
  await assert.rejects(registration.create({ idempotency }), { code: "answer-not-repeated", status: 409 });
  const { items } = await store.read.workers({ limit: 10 });
  assert.deepEqual(
    items.map(({ name }) => name),
    [first.name],
  );
});

test("workers are listed by name in pages, without those that were removed", async (t) => {
  const store = await temporaryStore(t);
  const registration = registrationOf(store);
  for (const name of ["delta", "Bravo", "alpha", "charlie"]) {
    await registration.create({ name });
  }
  const gone = (await store.read.workers({ limit: 10 })).items.find(({ name }) => name === "charlie");
  await store.write.removeWorker({ workerId: gone?.workerId ?? "" });
  const first = await store.read.workers({ limit: 2 });
  const rest = await store.read.workers({ limit: 2, after: first.next ?? "" });
  assert.deepEqual(
    [...first.items, ...rest.items].map(({ name }) => name),
    ["alpha", "Bravo", "delta"],
  );
  assert.equal(rest.next, null);
});

test("a fresh token ends the former one of the same worker, and never takes over a worker of another group", async (t) => {
  const store = await temporaryStore(t);
  const revoked: string[] = [];
  const registration = registrationOf(store, revoked);
  const first = await registration.freshToken({ name: "local", group: "default" });
  const second = await registration.freshToken({ name: "local", group: "default" });
  const holder = await store.read.tokenHolder({ hash: tokenHash(second) });
  assert.equal(await store.read.tokenHolder({ hash: tokenHash(first) }), null);
  assert.deepEqual(revoked, [holder?.principalId]);
  await registration.freshToken({ name: "local", group: "other" });
  const { items } = await store.read.workers({ limit: 10 });
  assert.deepEqual(
    items.map(({ name, group }) => ({ name: name.replace(/-\w{8}$/, "-…"), group })),
    [
      { name: "local", group: "default" },
      { name: "local-…", group: "other" },
    ],
  );
});

test("what cannot name a worker or a group is refused", async (t) => {
  const registration = registrationOf(await temporaryStore(t));
  for (const worker of [{ name: "" }, { name: "a b" }, { group: "../x" }, { name: "x".repeat(129) }]) {
    await assert.rejects(registration.create(worker), { code: "invalid-worker-name" });
  }
});
