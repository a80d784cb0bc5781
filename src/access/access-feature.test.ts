import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import { AccessFeature } from "./access-feature.ts";
import { authorize, requireRole, requireSomewhere } from "./authorize.ts";
import { anonymous } from "./principal.ts";
import { newToken, tokenHash } from "./token.ts";

const local = () => "127.0.0.1";

describe("a token", () => {
  let folder: string;
  let store: Store;
  let access: AccessFeature;
  let administrator: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runsmith-test-"));
    store = await openStore({ dataDirectory: folder });
    access = new AccessFeature(store);
    administrator = (await access.createFirstAdministrator()) ?? "";
  });
  after(async () => {
    await access.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const someone = async (name: string, expiresAt: number | null = null) => {
    const token = newToken();
    const { principalId } = await store.write.createPrincipal({
      kind: "service-principal",
      name,
      roles: ["administrator"],
      token: { hash: tokenHash(token), purpose: "test", expiresAt },
    });
    return { token, principalId };
  };

  test("holds 32 random bytes, and speaks for its principal alone", async () => {
    assert.equal(Buffer.from(administrator.slice(3), "base64url").length, 32);
    const principal = await access.authenticate(administrator, local);
    assert.equal(principal?.name, "administrator");
    assert.deepEqual(principal?.roles, ["administrator"]);
    assert.equal(await access.authenticate(newToken(), local), null);
    assert.equal(await access.authenticate("administrator", local), null);
    assert.equal(await access.authenticate(`${administrator}x`, local), null);
  });

  test("is known at once when it was seen a moment ago", async () => {
    await access.authenticate(administrator, local);
    assert.ok(!(access.authenticate(administrator, local) instanceof Promise));
  });

  test("ends at once when it is revoked, also while it is being looked up", async () => {
    const { token, principalId } = await someone("revoked");
    const told: string[] = [];
    const unsubscribe = access.onRevoked((id) => told.push(id));
    const lookingUp = access.authenticate(token, local);
    await access.revokeTokens(principalId);
    await lookingUp;
    assert.equal(await access.authenticate(token, local), null);
    assert.deepEqual(told, [principalId]);
    unsubscribe();
  });

  test("ends when its time is over, and when its principal is disabled", async () => {
    const expired = await someone("expired", Date.now() - 1);
    assert.equal(await access.authenticate(expired.token, local), null);
    const disabled = await someone("disabled");
    await store.write.changePrincipal({ principalId: disabled.principalId, enabled: false });
    assert.equal(await access.authenticate(disabled.token, local), null);
  });

  test("is replaced without leaving the former one alive", async () => {
    const { token, principalId } = await someone("replaced");
    assert.ok(await access.authenticate(token, local));
    const next = await access.replaceToken(principalId, "test");
    assert.equal(await access.authenticate(token, local), null);
    assert.equal((await access.authenticate(next, local))?.principalId, principalId);
  });

  test("of the administrator is made once, and again only on demand, even if the administrator was disabled", async () => {
    assert.equal(await access.createFirstAdministrator(), null);
    const before = await access.authenticate(administrator, local);
    await store.write.changePrincipal({ principalId: before?.principalId ?? "", enabled: false });
    const next = await access.resetAdministratorToken();
    assert.equal(await access.authenticate(administrator, local), null);
    assert.equal((await access.authenticate(next, local))?.principalId, before?.principalId);
  });
});

test("no role includes another: an administrator is no worker, a worker no administrator, and nobody is neither", () => {
  const administrator = { ...anonymous, roles: ["administrator"] as const };
  const worker = { ...anonymous, roles: ["worker"] as const };
  requireRole(administrator, "administrator");
  requireRole(worker, "worker");
  for (const [principal, role] of [
    [administrator, "worker"],
    [worker, "administrator"],
    [anonymous, "administrator"],
    [anonymous, "worker"],
  ] as const) {
    assert.throws(() => requireRole(principal, role), UserError);
  }
});

test("a token that was made for less says so where it is refused, whatever its principal may", () => {
  const principal = {
    ...anonymous,
    name: "ada",
    roles: ["administrator"] as const,
    scope: ["read", "operate"] as const,
  };
  const told = {
    code: "not-permitted",
    status: 403,
    message: /token of ada was made for less \(read, operate\), .* "edit"/,
  };
  assert.throws(() => authorize(principal, "edit", { kind: "everything" }, "everything"), told);
  assert.throws(() => requireSomewhere(principal, "edit"), told);
  assert.throws(() => requireRole(principal, "administrator"), /made for less .* "administer"/);
});
