import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Account } from "../../access/open-id/testing/provider.ts";
import { clientId, clientSecret, TestProvider } from "../../access/open-id/testing/provider.ts";
import type { GroupMemberResource, MeResource, UserResource } from "../../contract/api/principal.ts";
import type { SignInProviderResource, SignInWaysResource } from "../../contract/api/sign-in-provider.ts";
import type { ErrorBody } from "../../contract/error-body.ts";
import { Browser } from "../testing/browser.ts";
import { TestServer } from "../testing/test-server.ts";

const ada: Account = {
  sub: "ada-at-corp",
  preferred_username: "ada",
  name: "Ada Lovelace",
  email: "ada@example.org",
  groups: ["corp-operators"],
};

describe("signing in by OpenID Connect", () => {
  let server: TestServer;
  let provider: TestProvider;
  let folder: string;

  before(async () => {
    const port = await freePort();
    const callbacks = ["corp", "strict", "by-hand"].map(
      (name) => `http://127.0.0.1:${port}/api/sign-in/${name}/callback`,
    );
    provider = await TestProvider.start(() => callbacks);
    folder = mkdtempSync(join(tmpdir(), "runsmith-open-id-"));
    writeFileSync(join(folder, "secret"), `${clientSecret}\n`);
    const common = { issuer: provider.issuer, clientId, clientSecretFile: "secret" };
    const providers = [
      {
        name: "corp",
        displayName: "Corp",
        ...common,
        groups: { "corp-operators": "operators", "corp-admins": "admins", x: "nowhere" },
      },
      { name: "strict", ...common, newUsers: "members", groups: { vip: "admins" } },
    ];
    writeFileSync(join(folder, "providers.yaml"), JSON.stringify({ providers }));
    server = await TestServer.start({ port, signInProvidersFile: join(folder, "providers.yaml") });
    await server.call("POST", "/api/groups", { body: { name: "operators" } });
    await server.call("POST", "/api/groups", { body: { name: "admins", administrator: true } });
  });
  after(async () => {
    await server.close();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    provider.account = ada;
    provider.refuses = false;
  });

  const isCallback = (url: string) => url.includes("/callback?");
  const start = (name = "corp", returnTo = "/jobs?x=1#top") =>
    `${server.url}/api/sign-in/${name}?returnTo=${encodeURIComponent(returnTo)}`;
  const signIn = async (browser: Browser, address = start()) => {
    const end = await browser.follow(address, (url) => url.startsWith(server.url) && !url.includes("/api/"));
    return {
      ...end,
      body: end.answer.headers.get("content-type")?.includes("json") ? ((await end.answer.json()) as ErrorBody) : null,
    };
  };
  const me = async (browser: Browser) =>
    (await (await browser.get(`${server.url}/api/me`)).json()) as MeResource & ErrorBody;

  test("the ways to sign in are told to everybody, without anything secret", async () => {
    const { body, bytes } = await server.call<SignInWaysResource>("GET", "/api/sign-in", { token: null });
    assert.deepEqual(body.providers[0], { name: "corp", displayName: "Corp", url: "/api/sign-in/corp" });
    assert.doesNotMatch(bytes.toString(), /secret|clientId|issuer/);
  });

  test("a user of the provider comes in as itself, with the groups that the provider says, and returns to where it wanted", async () => {
    const browser = new Browser();
    const { url } = await signIn(browser);
    assert.equal(url, `${server.url}/jobs?x=1#top`);
    assert.deepEqual([...browser.cookiesOf(server.url).keys()], ["runsmith-session"]);
    const first = await me(browser);
    assert.equal(first.name, "ada");
    assert.equal(first.displayName, "Ada Lovelace");
    assert.equal(first.signedInBy, "session");
    assert.deepEqual(
      first.groups.map(({ name }) => name),
      ["operators"],
    );
    const user = await server.call<UserResource>("GET", "/api/users/ada");
    assert.equal(user.body.email, "ada@example.org");
    assert.equal(user.body.hasPassword, false);
    const members = await server.call<{ items: GroupMemberResource[] }>("GET", "/api/groups/operators/members");
    assert.deepEqual(
      members.body.items.map(({ name, provider }) => `${name} by ${provider}`),
      ["ada by corp"],
    );
  });

  test("the same user comes again as the same, with the groups of now, whatever its name has become", async () => {
    const former = new Browser();
    await signIn(former);
    const { principalId } = await me(former);
    provider.account = { ...ada, preferred_username: "countess", groups: ["corp-admins", "unknown", "x"] };
    const browser = new Browser();
    await signIn(browser);
    const again = await me(browser);
    assert.equal(again.principalId, principalId);
    assert.equal(again.name, "ada");
    assert.deepEqual(
      again.groups.map(({ name }) => name),
      ["admins"],
    );
    assert.equal((await browser.get(`${server.url}/api/users`)).status, 200);
    provider.account = ada;
    await signIn(new Browser());
    assert.equal((await browser.get(`${server.url}/api/users`)).status, 403);
  });

  test("nobody becomes a user of this installation by having the same name elsewhere", async () => {
    provider.account = { sub: "somebody else", preferred_username: "administrator", groups: [] };
    const browser = new Browser();
    await signIn(browser);
    const found = await me(browser);
    assert.equal(found.name, "administrator@corp");
    assert.equal(found.administrator, false);
    provider.account = { sub: "odd", preferred_username: "<script>:/", groups: [] };
    const other = new Browser();
    await signIn(other);
    assert.match((await me(other)).name, /^corp-[0-9a-f]{8}$/);
  });

  test("an answer of the provider counts in the browser that asked, once, and with its own state", async () => {
    const victim = new Browser();
    const attacker = new Browser();
    const { url } = await attacker.follow(start(), isCallback);
    const planted = await victim.get(url);
    assert.equal(planted.status, 401);
    assert.deepEqual(planted.headers.getSetCookie(), []);
    await victim.follow(start(), isCallback);
    assert.equal((await victim.get(url)).status, 401);
    const ended = await attacker.get(url);
    assert.equal(ended.status, 303);
    assert.equal((await attacker.get(url)).status, 401);
    const [stateless, wrong] = [new URL(url), new URL(url)];
    stateless.searchParams.delete("state");
    wrong.searchParams.set("state", "guessed");
    for (const changed of [stateless, wrong]) {
      const browser = new Browser();
      await browser.follow(start(), isCallback);
      const answer = await browser.get(changed.href);
      assert.equal(answer.status, 401);
      assert.equal(((await answer.json()) as ErrorBody).type, "provider-refused");
    }
  });

  test("the answer to one provider is none to another", async () => {
    const browser = new Browser();
    const { url } = await browser.follow(start("corp"), isCallback);
    assert.equal((await browser.get(url.replace("/corp/", "/strict/"))).status, 401);
  });

  test("the browser is sent nowhere else than into this service", async () => {
    for (const elsewhere of [
      "https://evil.example",
      "//evil.example",
      "/\\evil.example",
      "\\\\evil.example",
      "javascript:alert(1)",
      "/\t/evil.example",
      "jobs",
      "/%0d%0aSet-Cookie:x\n",
      "",
    ]) {
      const answer = await new Browser().get(start("corp", elsewhere));
      const location = answer.headers.get("location");
      assert.ok(answer.status === 400 || elsewhere === "", `${elsewhere}: ${answer.status} ${location}`);
    }
    const browser = new Browser();
    const { url } = await browser.follow(start(), isCallback);
    const cookies = browser.cookiesOf(server.url);
    const secret = cookies.get("runsmith-sign-in")?.split(".")[0];
    cookies.set("runsmith-sign-in", `${secret}.${Buffer.from("//evil.example").toString("base64url")}`);
    const answer = await browser.get(url);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get("location"), null);
  });

  test("a request that does not say whom it asks is refused, not a fault", async () => {
    const { port } = new URL(server.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1", () => socket.write("GET /api/sign-in/corp HTTP/1.0\r\n\r\n"));
      let text = "";
      socket.on("data", (chunk) => (text += String(chunk)));
      socket.on("end", () => resolve(text));
      socket.on("error", reject);
    });
    assert.match(answer, /^HTTP\/1\.1 400 /);
  });

  test("who says no at the provider, or is disabled here, does not come in, and is told why", async () => {
    provider.refuses = true;
    const refused = await signIn(new Browser());
    assert.equal(refused.answer.status, 401);
    assert.match(refused.body?.detail ?? "", /the user said no/);
    provider.refuses = false;
    await server.call("PATCH", "/api/users/ada", { body: { enabled: false } });
    const disabled = await signIn(new Browser());
    assert.equal(disabled.answer.status, 401);
    assert.equal(disabled.body?.type, "sign-in-refused");
    await server.call("PATCH", "/api/users/ada", { body: { enabled: true } });
  });

  test("where only members are let in, nobody else is, and leaves no user behind", async () => {
    provider.account = { sub: "stranger", preferred_username: "stranger", groups: ["corp-operators"] };
    const refused = await signIn(new Browser(), start("strict"));
    assert.equal(refused.body?.type, "no-new-users");
    assert.equal((await server.call("GET", "/api/users/stranger")).status, 404);
    provider.account = { ...provider.account, groups: ["vip"] };
    const browser = new Browser();
    await signIn(browser, start("strict"));
    assert.equal((await me(browser)).administrator, true);
  });

  test("an administrator makes a provider known, whose secret is sealed and never shown, changes it and takes it away", async () => {
    const settings = {
      name: "by-hand",
      issuer: provider.issuer,
      clientId,
      clientSecret,
      groups: { "corp-operators": "operators" },
    };
    const made = await server.call<SignInProviderResource>("POST", "/api/sign-in-providers", { body: settings });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.hasClientSecret, true);
    assert.equal(made.body.displayName, "by-hand");
    assert.doesNotMatch(made.bytes.toString(), new RegExp(clientSecret));
    for (const file of readdirSync(server.dataDirectory)) {
      const bytes = statSync(join(server.dataDirectory, file)).isFile()
        ? readFileSync(join(server.dataDirectory, file))
        : "";
      assert.equal(bytes.includes(clientSecret), false, file);
    }
    assert.equal((await server.call("POST", "/api/sign-in-providers", { body: settings })).status, 409);
    provider.account = { sub: "by-hand-user", preferred_username: "grace", groups: ["corp-operators"] };
    const browser = new Browser();
    await signIn(browser, start("by-hand"));
    assert.deepEqual(
      (await me(browser)).groups.map(({ name }) => name),
      ["operators"],
    );
    const change = (body: object, ifMatch = '"1"') =>
      server.call<SignInProviderResource>("PATCH", "/api/sign-in-providers/by-hand", {
        body,
        headers: { "if-match": ifMatch },
      });
    assert.equal((await change({ clientSecret: "a wrong secret of the client, long enough" })).body.revision, 2);
    assert.equal((await change({ displayName: "By hand" })).status, 412);
    assert.equal((await signIn(new Browser(), start("by-hand"))).body?.type, "provider-refused");
    assert.equal((await change({ clientSecret }, '"2"')).status, 200);
    await signIn(new Browser(), start("by-hand"));
    assert.equal((await change({ enabled: false }, '"3"')).status, 200);
    assert.equal((await new Browser().get(start("by-hand"))).status, 404);
    const ways = await server.call<SignInWaysResource>("GET", "/api/sign-in", { token: null });
    assert.deepEqual(
      ways.body.providers.map(({ name }) => name),
      ["corp", "strict"],
    );
    assert.equal((await server.call("DELETE", "/api/sign-in-providers/by-hand")).status, 204);
    assert.equal((await server.call("GET", "/api/sign-in-providers/by-hand")).status, 404);
  });

  test("a provider of the server's file is shown without its secret, and changed there only", async () => {
    const shown = await server.call<SignInProviderResource>("GET", "/api/sign-in-providers/corp");
    assert.equal(shown.body.fromFile, true);
    assert.doesNotMatch(shown.bytes.toString(), new RegExp(clientSecret));
    assert.equal(
      (await server.call("PATCH", "/api/sign-in-providers/corp", { body: { displayName: "x" } })).status,
      409,
    );
    assert.equal((await server.call("DELETE", "/api/sign-in-providers/corp")).status, 409);
    const same = { name: "corp", issuer: provider.issuer, clientId };
    assert.equal((await server.call("POST", "/api/sign-in-providers", { body: same })).status, 409);
    const unencrypted = { name: "plain", issuer: "http://corp.example", clientId };
    assert.equal(
      (await server.call("POST", "/api/sign-in-providers", { body: unencrypted })).body.type,
      "invalid-issuer",
    );
  });

  test("a provider that is not there is told as such, and an unknown one as unknown", async () => {
    assert.equal((await new Browser().get(`${server.url}/api/sign-in/nobody`)).status, 404);
    writeFileSync(
      join(folder, "away.yaml"),
      JSON.stringify({ providers: [{ name: "away", issuer: "http://127.0.0.1:1", clientId: "x" }] }),
    );
    const lonely = await TestServer.start({ signInProvidersFile: join(folder, "away.yaml") });
    try {
      const answer = await new Browser().get(`${lonely.url}/api/sign-in/away`);
      assert.equal(answer.status, 503);
      assert.equal(((await answer.json()) as ErrorBody).type, "provider-not-reachable");
    } finally {
      await lonely.close();
    }
  });

  test("a file of providers that is wrong keeps the server from starting, and says why", async () => {
    for (const [provider, code] of [
      [{ name: "corp", issuer: "http://corp.example", clientId: "x" }, "invalid-issuer"],
      [{ name: "Corp!", issuer: "https://corp.example", clientId: "x" }, "sign-in-providers-invalid"],
      [
        { name: "corp", issuer: "https://corp.example", clientId: "x", clientSecretFile: "none" },
        "sign-in-providers-unreadable",
      ],
    ] as const) {
      writeFileSync(join(folder, "wrong.yaml"), JSON.stringify({ providers: [provider] }));
      await assert.rejects(TestServer.start({ signInProvidersFile: join(folder, "wrong.yaml") }), { code });
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
