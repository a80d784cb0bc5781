import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { MeResource, SessionResource } from "../../contract/api/principal.ts";
import type { ErrorBody } from "../../contract/error-body.ts";
import { openStore } from "../../store/open-store.ts";
import type { Answer } from "../testing/test-server.ts";
import { TestServer } from "../testing/test-server.ts";

const password = "correct horse battery staple";
const sameOrigin = { "sec-fetch-site": "same-origin" };

function basic(name: string, secret: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}` };
}

/** The `name=value` of each cookie that an answer sets. */
function cookiesOf(answer: Answer): string[] {
  return answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
}

describe("signing in by password", () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start({ behindProxy: ["127.0.0.1/32"] });
    for (const name of ["ada", "bob", "mallory"]) {
      const made = await server.call("POST", "/api/users", { body: { name, password } });
      assert.equal(made.status, 201);
    }
  });
  after(() => server.close());

  const signIn = (userName: string, secret = password, headers: Record<string, string> = {}) =>
    server.call("POST", "/api/session", { token: null, body: { userName, password: secret }, headers });
  const sessionOf = async (userName: string) => {
    const answer = await signIn(userName);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return cookiesOf(answer)[0] ?? "";
  };
  const withCookie = <Body>(
    method: string,
    path: string,
    cookie: string,
    options: { headers?: object; body?: unknown } = {},
  ) =>
    server.call<Body>(method, path, {
      token: null,
      headers: { cookie, ...sameOrigin, ...options.headers },
      ...(options.body !== undefined && { body: options.body }),
    });

  test("a session's cookie can be read by no script, goes to this host only, and over TLS in encrypted requests only", async () => {
    const plain = (await signIn("ada")).headers.getSetCookie();
    assert.match(plain[0] ?? "", /^runsmith-session=rs_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    const secure = (await signIn("ada", password, { "x-forwarded-proto": "https" })).headers.getSetCookie();
    assert.match(secure[0] ?? "", /^__Host-runsmith-session=rs_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    const cookie = secure[0]?.split(";")[0] ?? "";
    const https = { "x-forwarded-proto": "https" };
    assert.equal((await withCookie("GET", "/api/me", cookie, { headers: https })).status, 200);
    assert.equal((await withCookie("GET", "/api/me", cookie)).status, 401);
    const unprefixed = cookie.replace("__Host-", "");
    assert.equal((await withCookie("GET", "/api/me", unprefixed, { headers: https })).status, 401);
  });

  test("a session speaks for its user until it is ended, and then never again", async () => {
    const cookie = await sessionOf("ada");
    const me = await withCookie<MeResource>("GET", "/api/me", cookie);
    assert.equal(me.body.name, "ada");
    assert.equal(me.body.signedInBy, "session");
    const out = await withCookie("DELETE", "/api/session", cookie);
    assert.equal(out.status, 204);
    assert.match(out.headers.getSetCookie()[0] ?? "", /^runsmith-session=; .*Max-Age=0$/);
    const after = await withCookie<ErrorBody>("GET", "/api/me", cookie);
    assert.equal(after.status, 401);
    assert.equal(after.body.type, "session-over");
  });

  test("signing in anew in a browser gives a new secret and ends the former session, so that none can be planted", async () => {
    const former = await sessionOf("ada");
    const next = cookiesOf(await signIn("ada", password, { cookie: former }))[0] ?? "";
    assert.notEqual(next, former);
    assert.equal((await withCookie("GET", "/api/me", former)).status, 401);
    assert.equal((await withCookie("GET", "/api/me", next)).status, 200);
    const planted = `runsmith-session=rs_${"A".repeat(43)}`;
    assert.notEqual(cookiesOf(await signIn("ada", password, { cookie: planted }))[0], planted);
  });

  test("the database holds no secret of a session", async () => {
    const cookie = await sessionOf("ada");
    const { readFile, readdir } = await import("node:fs/promises");
    const secret = cookie.split("=")[1] ?? "none";
    for (const file of await readdir(server.dataDirectory)) {
      const bytes = await readFile(`${server.dataDirectory}/${file}`).catch(() => Buffer.alloc(0));
      assert.equal(bytes.includes(secret), false, file);
      assert.equal(bytes.includes(password), false, file);
    }
  });

  test("whoever is unknown, disabled, without a password or wrong is refused in the same words", async () => {
    await server.call("POST", "/api/users", { body: { name: "no-password" } });
    await server.call("POST", "/api/users", { body: { name: "switched-off", password, enabled: false } });
    const answers = [];
    for (const [name, secret] of [
      ["nobody", password],
      ["ada", `${password}!`],
      ["no-password", password],
      ["switched-off", password],
      ["ada", password.slice(0, -1)],
      ["administrator", ""],
    ] as const) {
      const answer = await signIn(name, secret);
      assert.equal(answer.status, 401);
      answers.push(JSON.stringify(answer.body));
    }
    assert.equal(new Set(answers).size, 1);
    assert.match(answers[0] ?? "", /sign-in-refused/);
  });

  test("who guesses is made to wait, by account and address, and no good credential of others waits with him", async () => {
    const from = { "x-forwarded-for": "198.51.100.7" };
    const statuses = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      statuses.push((await signIn("mallory", `wrong ${attempt}`, from)).status);
    }
    assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429]);
    const right = await signIn("mallory", password, from);
    assert.equal(right.status, 429);
    assert.ok(Number(right.headers.get("retry-after")) > 0);
    assert.equal(
      (await server.call("GET", "/api/me", { token: null, headers: { ...from, ...basic("mallory", password) } }))
        .status,
      429,
    );
    assert.equal((await signIn("mallory", password, { "x-forwarded-for": "198.51.100.8" })).status, 201);
    assert.equal((await signIn("bob", password, from)).status, 201);
    assert.equal((await server.call("GET", "/api/me", { headers: from })).status, 200);
  });

  test("a request that changes something with a session's cookie comes from this origin, or is refused", async () => {
    const cookie = await sessionOf("ada");
    const origin = new URL(server.url);
    const change = (headers: Record<string, string>) =>
      server.call("POST", "/api/tokens", { token: null, headers: { cookie, ...headers }, body: { name: "x" } });
    for (const headers of [
      {},
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "none" },
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `http://${origin.hostname}:1` },
      { origin: `https://${origin.host}` },
    ] as Record<string, string>[]) {
      const refused = await change(headers);
      assert.equal(refused.status, 403, JSON.stringify(headers));
      assert.equal(refused.body.type, "cross-site-request");
    }
    assert.equal((await change(sameOrigin)).status, 201);
    assert.equal((await change({ origin: origin.origin })).status, 201);
    assert.equal((await server.call("GET", "/api/me", { token: null, headers: { cookie } })).status, 200);
    const planted = await signIn("ada", password, { "sec-fetch-site": "cross-site" });
    assert.equal(planted.status, 403);
  });

  test("a token in the header counts, whatever cookie comes along", async () => {
    const cookie = await sessionOf("ada");
    const { body } = await server.call<MeResource>("GET", "/api/me", { headers: { cookie } });
    assert.equal(body.name, "administrator");
  });

  test("who changes the password is signed out everywhere else, and stays signed in here", async () => {
    await server.call("POST", "/api/users", { body: { name: "changer", password } });
    const [here, elsewhere] = [await sessionOf("changer"), await sessionOf("changer")];
    const next = "another long password";
    const change = (current: string, newPassword: string) =>
      withCookie("POST", "/api/me/password", here, { body: { currentPassword: current, newPassword } });
    assert.equal((await change("wrong", next)).status, 403);
    assert.equal((await change(password, password)).status, 400);
    assert.equal((await change(password, "short")).status, 400);
    assert.equal((await change(password, next)).status, 204);
    assert.equal((await withCookie("GET", "/api/me", here)).status, 200);
    assert.equal((await withCookie("GET", "/api/me", elsewhere)).status, 401);
    assert.equal((await signIn("changer")).status, 401);
    assert.equal((await signIn("changer", next)).status, 201);
  });

  test("the current password cannot be guessed where one's own is changed", async () => {
    await server.call("POST", "/api/users", { body: { name: "guessed", password } });
    const { body } = await server.call<{ token: string }>("POST", "/api/tokens", {
      body: { name: "x", principal: "guessed" },
    });
    const statuses = [];
    for (let attempt = 0; attempt < 11; attempt++) {
      const guess = { currentPassword: `wrong ${attempt}`, newPassword: "another long password" };
      statuses.push((await server.call("POST", "/api/me/password", { token: body.token, body: guess })).status);
    }
    assert.deepEqual(statuses, [...Array(10).fill(403), 429]);
  });

  test("a user who has to change the password can do nothing else before", async () => {
    await server.call("POST", "/api/users", {
      body: { name: "new-here", password, mustChangePassword: true, administrator: true },
    });
    const cookie = await sessionOf("new-here");
    const refused = await withCookie<ErrorBody>("GET", "/api/users", cookie);
    assert.equal(refused.status, 403);
    assert.equal(refused.body.type, "password-to-change");
    assert.equal((await withCookie("POST", "/api/tokens", cookie, { body: { name: "x" } })).status, 403);
    assert.equal(
      (await server.call("GET", "/api/users", { token: null, headers: basic("new-here", password) })).status,
      403,
    );
    const { body: me } = await withCookie<MeResource>("GET", "/api/me", cookie);
    assert.equal(me.mustChangePassword, true);
    const body = { currentPassword: password, newPassword: "another long password" };
    assert.equal((await withCookie("POST", "/api/me/password", cookie, { body })).status, 204);
    assert.equal((await withCookie("GET", "/api/users", cookie)).status, 200);
  });

  test("a session ends at once when its user is disabled, gets a new password, or is removed", async () => {
    for (const end of [
      () => server.call("PATCH", "/api/users/short-lived", { body: { enabled: false } }),
      () => server.call("PATCH", "/api/users/short-lived", { body: { password: "another long password" } }),
      () => server.call("DELETE", "/api/users/short-lived"),
    ]) {
      await server.call("POST", "/api/users", { body: { name: "short-lived", password } });
      const cookie = await sessionOf("short-lived");
      assert.equal((await withCookie("GET", "/api/me", cookie)).status, 200);
      await end();
      assert.equal((await withCookie("GET", "/api/me", cookie)).status, 401);
      await server.call("DELETE", "/api/users/short-lived");
    }
  });

  test("a user sees where it is signed in, and ends that", async () => {
    await server.call("POST", "/api/users", { body: { name: "traveller", password } });
    const [here, lost] = [await sessionOf("traveller"), await sessionOf("traveller")];
    const { body } = await withCookie<{ items: SessionResource[] }>("GET", "/api/me/sessions", here);
    assert.deepEqual(
      body.items.map(({ current, signedInBy }) => ({ current, signedInBy })),
      [
        { current: false, signedInBy: "password" },
        { current: true, signedInBy: "password" },
      ],
    );
    const other = await sessionOf("ada");
    const lostId = body.items[0]?.sessionId;
    assert.equal((await withCookie("DELETE", `/api/me/sessions/${lostId}`, other)).status, 404);
    assert.equal((await withCookie("DELETE", `/api/me/sessions/${lostId}`, here)).status, 204);
    assert.equal((await withCookie("GET", "/api/me", lost)).status, 401);
  });

  test("Basic authentication opens what its user may, with every request, until anything of the user changes", async () => {
    await server.call("POST", "/api/users", { body: { name: "sma client", password } });
    const call = (secret: string, path = "/api/me") =>
      server.call<MeResource>("GET", path, { token: null, headers: basic("SMA Client", secret) });
    const [first, ...more] = await Promise.all(Array.from({ length: 8 }, () => call(password)));
    assert.equal(first?.body.signedInBy, "password");
    assert.deepEqual(
      more.map(({ status }) => status),
      Array(7).fill(200),
    );
    assert.equal((await call(`${password} `)).status, 401);
    assert.equal((await call(password, "/api/users")).status, 403);
    await server.call("POST", "/api/groups", { body: { name: "sma", administrator: true } });
    await server.call("PUT", "/api/groups/sma/members/sma client");
    assert.equal((await call(password, "/api/users")).status, 200);
    await server.call("PATCH", "/api/groups/sma", { body: { administrator: false } });
    assert.equal((await call(password, "/api/users")).status, 403);
    await server.call("PATCH", "/api/users/sma client", { body: { password: "another long password" } });
    assert.equal((await call(password)).status, 401);
    assert.equal((await call("another long password")).status, 200);
    await server.call("PATCH", "/api/users/sma client", { body: { enabled: false } });
    assert.equal((await call("another long password")).status, 401);
  });

  test("programs are asked for Basic credentials or a token, browsers are not: they would show a window of their own", async () => {
    const program = await server.call("GET", "/api/me", { token: null });
    assert.equal(
      program.headers.get("www-authenticate"),
      'Bearer realm="runsmith", Basic realm="runsmith", charset="UTF-8"',
    );
    const browser = await server.call("GET", "/api/me", { token: null, headers: sameOrigin });
    assert.equal(browser.headers.get("www-authenticate"), 'Bearer realm="runsmith"');
  });
});

test("a stream of events ends with the token that opened it", async () => {
  const server = await TestServer.start();
  try {
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const { body } = await server.call<{ token: string }>("POST", "/api/tokens", { body: { name: "x", expiresAt } });
    const answer = await fetch(`${server.url}/api/events?topics=jobs`, {
      headers: { authorization: `Bearer ${body.token}` },
    });
    assert.equal(answer.status, 200);
    await answer.text();
    assert.ok(Date.now() >= Date.parse(expiresAt) - 50);
  } finally {
    await server.close();
  }
});

describe("the time of a session", () => {
  const start = (sessions: { idle?: number; longest?: number; rotation?: number }) => TestServer.start({ sessions });
  const begin = async (server: TestServer) => {
    await server.call("POST", "/api/users", { body: { name: "ada", password } });
    const answer = await server.call("POST", "/api/session", { token: null, body: { userName: "ada", password } });
    return cookiesOf(answer)[0] ?? "";
  };
  const look = (server: TestServer, cookie: string) =>
    server.call("GET", "/api/me", { token: null, headers: { cookie } });

  test("ends when it is not used, and at its end whatever is done", async () => {
    for (const sessions of [{ idle: 1_000 }, { longest: 1_000 }]) {
      const server = await start(sessions);
      try {
        const cookie = await begin(server);
        assert.equal((await look(server, cookie)).status, 200);
        await sleep(1_600);
        assert.equal((await look(server, cookie)).status, 401, JSON.stringify(sessions));
      } finally {
        await server.close();
      }
    }
  });

  test("sees its secret replaced, and the former one die once the new one was seen", async () => {
    const server = await start({ rotation: 0 });
    try {
      const former = await begin(server);
      const first = await look(server, former);
      const [next = ""] = cookiesOf(first);
      assert.match(next, /^runsmith-session=rs_/);
      assert.notEqual(next, former);
      // As if that answer had been lost.
      assert.equal((await look(server, former)).status, 200);
      assert.equal((await look(server, next)).status, 200);
      await server.server.close();
      const store = await openStore({ dataDirectory: server.dataDirectory });
      try {
        const { tokenHash } = await import("../../access/token.ts");
        const secretOf = (cookie: string) => ({ hash: tokenHash(cookie.split("=")[1] ?? "") });
        assert.notEqual((await store.read.sessionHolder(secretOf(former)))?.secretEndsAt, null);
        assert.equal((await store.read.sessionHolder(secretOf(next)))?.secretEndsAt, null);
      } finally {
        await store.close();
      }
    } finally {
      await server.close();
    }
  });
});
