import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type {
  GroupMemberResource,
  GroupResource,
  MeResource,
  NewTokenResource,
  TokenResource,
  UserResource,
} from "../../contract/api/principal.ts";
import { TestServer } from "../testing/test-server.ts";

const password = "correct horse battery staple";

describe("users, groups, service principals and their tokens", () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  const made = async <Resource>(path: string, body: Record<string, unknown>, token?: string) => {
    const answer = await server.call<Resource>("POST", path, { body, ...(token !== undefined && { token }) });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  };
  const tokenOf = (principal: string, more: Record<string, unknown> = {}) =>
    made<NewTokenResource>("/api/tokens", { name: "test", principal, ...more });
  const status = async (method: string, path: string, token: string, body?: unknown) =>
    (await server.call(method, path, { token, ...(body !== undefined && { body }) })).status;

  test("a user is made, shown, changed by its ETag and removed; its password is never shown", async () => {
    const created = await server.call<UserResource>("POST", "/api/users", {
      body: { name: "grace", displayName: "Grace Hopper", email: "grace@example.org", password },
    });
    assert.equal(created.status, 201);
    assert.equal(created.body.hasPassword, true);
    assert.equal(created.body.modifiedBy, "administrator");
    assert.doesNotMatch(created.bytes.toString(), /argon2|correct horse/);
    const shown = await server.call<UserResource>("GET", "/api/users/GRACE");
    assert.deepEqual(shown.body, created.body);
    const etag = shown.headers.get("etag") ?? "";
    const change = { headers: { "if-match": etag }, body: { displayName: "Admiral Hopper" } };
    assert.equal((await server.call("PATCH", "/api/users/grace", change)).status, 200);
    assert.equal((await server.call("PATCH", "/api/users/grace", change)).status, 412);
    assert.equal((await server.call("DELETE", `/api/users/${created.body.principalId}`)).status, 204);
    const gone = await server.call("GET", "/api/users/grace");
    assert.equal(gone.status, 404);
    assert.equal(gone.body.type, "user-not-found");
  });

  test("a new password is long, varied and not the user's name, and the refusal does not repeat it", async () => {
    for (const weak of ["hunter2", "aaaaaaaaaaaaaaaa", "xXadalovelaceXx"]) {
      const refused = await server.call("POST", "/api/users", { body: { name: "adalovelace", password: weak } });
      assert.equal(refused.status, 400, weak);
      assert.equal(refused.body.type, "weak-password");
      assert.doesNotMatch(JSON.stringify(refused.body), new RegExp(`"[^"]*${weak}[^"]*"`));
    }
    for (const name of ["a:b", " a", "a/b", "01890000-0000-7000-8000-000000000001", ""]) {
      assert.equal((await server.call("POST", "/api/users", { body: { name } })).status, 400, name);
    }
  });

  test("a member of a group with the role administrator is one, from the moment on that it is a member", async () => {
    await made<UserResource>("/api/users", { name: "linus" });
    await made<GroupResource>("/api/groups", { name: "Admins", administrator: true });
    const { token } = await tokenOf("linus");
    assert.equal(await status("GET", "/api/users", token), 403);
    assert.equal((await server.call("PUT", "/api/groups/admins/members/linus")).status, 204);
    assert.equal((await server.call("PUT", "/api/groups/admins/members/user:linus")).status, 204);
    assert.equal(await status("GET", "/api/users", token), 200);
    const { body: me } = await server.call<MeResource>("GET", "/api/me", { token });
    assert.deepEqual(
      me.groups.map(({ name }) => name),
      ["Admins"],
    );
    assert.equal(me.administrator, true);
    const members = await server.call<{ items: GroupMemberResource[] }>("GET", "/api/groups/admins/members");
    assert.deepEqual(
      members.body.items.map(({ name, kind, provider, addedBy }) => ({ name, kind, provider, addedBy })),
      [{ name: "linus", kind: "user", provider: null, addedBy: "administrator" }],
    );
    assert.equal((await server.call("PATCH", "/api/groups/admins", { body: { enabled: false } })).status, 200);
    assert.equal(await status("GET", "/api/users", token), 403);
    assert.equal((await server.call("PATCH", "/api/groups/admins", { body: { enabled: true } })).status, 200);
    assert.equal(await status("GET", "/api/users", token), 200);
    assert.equal((await server.call("DELETE", "/api/groups/admins/members/linus")).status, 204);
    assert.equal(await status("GET", "/api/users", token), 403);
    assert.equal((await server.call("DELETE", "/api/groups/admins/members/linus")).status, 404);
  });

  test("the tokens of a disabled or removed principal open nothing from that moment on", async () => {
    for (const [path, name] of [
      ["/api/users", "user:robot"],
      ["/api/service-principals", "service-principal:robot"],
    ] as const) {
      await made(path, { name: "robot" });
      const { token } = await tokenOf(name);
      assert.equal(await status("GET", "/api/me", token), 200);
      assert.equal((await server.call("PATCH", `${path}/robot`, { body: { enabled: false } })).status, 200);
      assert.equal(await status("GET", "/api/me", token), 401);
      assert.equal((await server.call("PATCH", `${path}/robot`, { body: { enabled: true } })).status, 200);
      assert.equal(await status("GET", "/api/me", token), 200);
      assert.equal((await server.call("DELETE", `${path}/robot`)).status, 204);
      assert.equal(await status("GET", "/api/me", token), 401);
    }
  });

  test("a token may do what it was made for, and no more than its principal", async () => {
    await made("/api/users", { name: "scoped", administrator: true });
    const reader = await tokenOf("scoped", { scope: ["operate"] });
    assert.deepEqual(reader.scope, ["read", "operate"]);
    assert.equal(await status("GET", "/api/users", reader.token), 403);
    assert.equal(await status("POST", "/api/tokens", reader.token, { name: "more" }), 403);
    const administrator = await tokenOf("scoped", { scope: ["administer"] });
    assert.equal(await status("GET", "/api/users", administrator.token), 200);
    assert.equal(await status("POST", "/api/tokens", administrator.token, { name: "more" }), 403);
    const full = await tokenOf("scoped");
    assert.equal(await status("POST", "/api/tokens", full.token, { name: "more" }), 201);
  });

  test("a token with a scope ends itself, and nothing else of its principal", async () => {
    await made("/api/users", { name: "narrow", password });
    const full = await tokenOf("narrow");
    const narrow = await tokenOf("narrow", { scope: ["read"] });
    assert.equal(await status("DELETE", `/api/tokens/${full.tokenId}`, narrow.token), 403);
    assert.equal(await status("GET", "/api/me/sessions", narrow.token), 403);
    assert.equal(await status("DELETE", `/api/tokens/${narrow.tokenId}`, narrow.token), 204);
    assert.equal(await status("GET", "/api/me", narrow.token), 401);
    assert.equal(await status("GET", "/api/me", full.token), 200);
  });

  test("the client secret of a sign-in provider goes to nobody but whom it was given for", async () => {
    const provider = { name: "corp", issuer: "https://corp.example", clientId: "runsmith", clientSecret: "kanari-3c" };
    await made("/api/sign-in-providers", provider);
    const change = (body: Record<string, unknown>) => server.call("PATCH", "/api/sign-in-providers/corp", { body });
    for (const body of [{ issuer: "https://elsewhere.example" }, { clientId: "other" }]) {
      const refused = await change(body);
      assert.equal(refused.status, 400, JSON.stringify(refused.body));
      assert.equal(refused.body.type, "client-secret-needed");
    }
    assert.equal((await change({ issuer: "https://elsewhere.example", clientSecret: "kanari-3d" })).status, 200);
  });

  test("everybody sees and revokes their own tokens; those of others are there for administrators only", async () => {
    await made("/api/users", { name: "one" });
    await made("/api/users", { name: "two" });
    const [one, two] = [await tokenOf("one"), await tokenOf("two")];
    const own = await server.call<{ items: TokenResource[] }>("GET", "/api/tokens", { token: one.token });
    assert.deepEqual(
      own.body.items.map(({ tokenId }) => tokenId),
      [one.tokenId],
    );
    assert.doesNotMatch(own.bytes.toString(), /rs_/);
    assert.equal(await status("GET", `/api/tokens?after=${one.tokenId.toUpperCase()}`, one.token), 200);
    assert.equal(await status("GET", `/api/tokens/${two.tokenId}`, one.token), 404);
    assert.equal(await status("DELETE", `/api/tokens/${two.tokenId}`, one.token), 404);
    for (const query of ["all", "two", "nobody"]) {
      assert.equal(await status("GET", `/api/tokens?principal=${query}`, one.token), 403);
    }
    assert.equal(await status("POST", "/api/tokens", one.token, { name: "x", principal: "two" }), 403);
    const all = await server.call<{ items: TokenResource[] }>("GET", "/api/tokens?principal=all");
    assert.ok(all.body.items.some(({ tokenId }) => tokenId === two.tokenId));
    assert.equal((await server.call("DELETE", `/api/tokens/${two.tokenId}`)).status, 204);
    assert.equal(await status("GET", "/api/me", two.token), 401);
    assert.equal(await status("DELETE", `/api/tokens/${one.tokenId}`, one.token), 204);
    assert.equal(await status("GET", "/api/me", one.token), 401);
  });

  test("a token ends at its time, and none is made that has ended already", async () => {
    await made("/api/users", { name: "brief" });
    const expired = { name: "x", principal: "brief", expiresAt: new Date(Date.now() - 1).toISOString() };
    assert.equal((await server.call("POST", "/api/tokens", { body: expired })).body.type, "expiry-passed");
    const leapSecond = { ...expired, expiresAt: "2098-12-31T23:59:60Z" };
    assert.equal((await server.call("POST", "/api/tokens", { body: leapSecond })).status, 400);
    const { token, expiresAt } = await tokenOf("brief", { expiresAt: new Date(Date.now() + 700).toISOString() });
    assert.equal(await status("GET", "/api/me", token), 200);
    while (Date.now() < Date.parse(expiresAt ?? "")) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(await status("GET", "/api/me", token), 401);
  });

  test("nobody removes, disables or demotes themselves, and the first administrator cannot be removed", async () => {
    await made("/api/users", { name: "second", administrator: true });
    const { token } = await tokenOf("second");
    assert.equal(await status("DELETE", "/api/users/second", token), 409);
    assert.equal(await status("PATCH", "/api/users/second", token, { enabled: false }), 409);
    assert.equal(await status("PATCH", "/api/users/second", token, { administrator: false }), 409);
    assert.equal(await status("DELETE", "/api/users/administrator", token), 409);
    assert.equal(await status("PATCH", "/api/users/administrator", token, { enabled: false }), 200);
    assert.equal(await status("GET", "/api/me", server.token), 401);
    assert.equal(await status("PATCH", "/api/users/administrator", token, { enabled: true }), 200);
  });

  test("what is stored of a request that makes a user holds nothing of its password, not even a hash", async () => {
    const key = { "idempotency-key": "make-him-once" };
    const body = { name: "repeated", password };
    const first = await server.call<UserResource>("POST", "/api/users", { body, headers: key });
    const again = await server.call<UserResource>("POST", "/api/users", {
      body: { ...body, password: `${password}!` },
      headers: key,
    });
    assert.equal(again.status, 201);
    assert.equal(again.headers.get("idempotency-replayed"), "true");
    assert.deepEqual(again.body, first.body);
  });

  test("a worker's token makes no tokens, and nobody makes one for a worker", async () => {
    const { body: worker } = await server.call<{ token: string; workerId: string; name: string }>(
      "POST",
      "/api/workers",
      {
        body: {},
      },
    );
    assert.equal(await status("POST", "/api/tokens", worker.token, { name: "x" }), 403);
    assert.equal(await status("GET", "/api/me", worker.token), 403);
    assert.equal(
      (await server.call("POST", "/api/tokens", { body: { name: "x", principal: worker.name } })).status,
      404,
    );
  });
});
