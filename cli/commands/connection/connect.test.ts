import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { MeResource, NewTokenResource, TokenResource, UserResource } from "../../../src/contract/api/principal.ts";
import type { SignInProviderResource } from "../../../src/contract/api/sign-in-provider.ts";
import { TestServer } from "../../../src/web/testing/test-server.ts";
import type { Ended } from "../../testing/runsmith.ts";
import { runsmith } from "../../testing/runsmith.ts";

const password = "correct horse battery staple";

describe("the command line as somebody", () => {
  let server: TestServer;
  let folder: string;
  before(async () => {
    server = await TestServer.start();
    folder = mkdtempSync(join(tmpdir(), "runsmith-connect-"));
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const asAdministrator = (args: string[], input?: string) =>
    runsmith([...args, "--output", "json"], { RUNSMITH_URL: server.url, RUNSMITH_TOKEN: server.token }, input);
  /** As an account with a home of its own, which knows no service by its environment. */
  const as = (home: string, args: string[], input?: string, env: Record<string, string> = {}) =>
    runsmith([...args, "--output", "json"], { HOME: join(folder, home), XDG_RUNTIME_DIR: folder, ...env }, input);
  const read = <Answer>({ code, stdout, stderr }: Ended): Answer => {
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Answer;
  };
  const fileOf = (home: string) => join(folder, home, ".config", "runsmith", "connection.json");

  test("users, groups, service principals and tokens are made, shown, changed and removed", async () => {
    const made = read<UserResource>(
      await asAdministrator(["new-user", "grace", "--display-name", "Grace"], `${password}\n`),
    );
    assert.equal(made.hasPassword, true);
    assert.equal(
      read<UserResource>(await asAdministrator(["new-user", "carl", "--without-password"])).hasPassword,
      false,
    );
    const weak = await asAdministrator(["new-user", "weak"], "short");
    assert.equal(weak.code, 2);
    assert.match(weak.stderr, /weak-password/);
    assert.equal((await asAdministrator(["new-user", "nobody"], "")).code, 2);
    assert.equal(
      read<UserResource>(await asAdministrator(["set-user", "grace", "--email", "g@example.org"])).email,
      "g@example.org",
    );
    assert.equal((await asAdministrator(["set-user", "grace"])).code, 2);
    assert.equal(read<UserResource>(await asAdministrator(["disable-user", "grace"])).enabled, false);
    assert.equal(read<UserResource>(await asAdministrator(["enable-user", "grace"])).enabled, true);
    assert.equal((await asAdministrator(["new-group", "operators"])).code, 0);
    assert.equal((await asAdministrator(["new-service-principal", "robot", "--description", "looks"])).code, 0);
    assert.equal(
      (await asAdministrator(["add-group-member", "operators", "grace", "service-principal:robot"])).code,
      0,
    );
    const members = read<{ name: string }[]>(await asAdministrator(["get-group-member", "operators"]));
    assert.deepEqual(members.map(({ name }) => name).sort(), ["grace", "robot"]);
    assert.equal((await asAdministrator(["remove-group-member", "operators", "grace"])).code, 0);
    const file = join(folder, "robot.token");
    const token = read<NewTokenResource>(
      await asAdministrator([
        "new-token",
        "dashboard",
        "--principal",
        "robot",
        "--scope",
        "read",
        "--expires",
        "never",
        "--token-file",
        file,
      ]),
    );
    assert.deepEqual(token.scope, ["read"]);
    assert.equal(token.expiresAt, null);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, "utf8"), /^rs_[\w-]{43}\n$/);
    const tokens = read<TokenResource[]>(await asAdministrator(["get-token", "--principal", "robot"]));
    assert.deepEqual(
      tokens.map(({ tokenId }) => tokenId),
      [token.tokenId],
    );
    assert.equal((await asAdministrator(["revoke-token", token.tokenId])).code, 0);
    for (const [noun, name] of [
      ["user", "grace"],
      ["group", "operators"],
      ["service-principal", "robot"],
    ]) {
      assert.equal((await asAdministrator([`remove-${noun}`, name ?? ""])).code, 0);
      assert.equal((await asAdministrator([`get-${noun}`, name ?? ""])).code, 2);
    }
  });

  test("who connects by password keeps a token that only that account can read, and never the password", async () => {
    await asAdministrator(["new-user", "ada"], password);
    assert.equal((await as("ada", ["connect", server.url, "--user", "ada"], "a wrong password")).code, 5);
    const connected = await as("ada", ["connect", `${server.url}/portal`, "--user", "ada"], password);
    assert.equal(connected.code, 0, connected.stderr);
    assert.equal(statSync(fileOf("ada")).mode & 0o777, 0o600);
    const kept = readFileSync(fileOf("ada"), "utf8");
    assert.doesNotMatch(kept, /correct horse/);
    assert.equal(JSON.parse(kept).url, server.url);
    assert.equal(read<MeResource>(await as("ada", ["get-me"])).name, "ada");
    const [token] = read<TokenResource[]>(await as("ada", ["get-token"]));
    assert.match(token?.name ?? "", /^connect on /);
    assert.notEqual(token?.expiresAt, null);
  });

  test("what the environment says goes before what connect kept", async () => {
    const env = { RUNSMITH_URL: server.url, RUNSMITH_TOKEN: server.token };
    assert.equal(read<MeResource>(await as("ada", ["get-me"], undefined, env)).name, "administrator");
    const tokenOnly = { RUNSMITH_TOKEN: server.token };
    assert.equal(read<MeResource>(await as("ada", ["get-me"], undefined, tokenOnly)).name, "administrator");
    const urlOnly = { RUNSMITH_URL: server.url };
    assert.equal(read<MeResource>(await as("ada", ["get-me"], undefined, urlOnly)).name, "ada");
    const elsewhere = await as("ada", ["get-me"], undefined, { RUNSMITH_URL: "http://127.0.0.1:1" });
    assert.equal(elsewhere.code, 5);
    assert.match(elsewhere.stderr, /not-signed-in/);
  });

  test("a kept token that others could read is not used", async () => {
    chmodSync(fileOf("ada"), 0o644);
    const refused = await as("ada", ["get-me"]);
    assert.equal(refused.code, 5);
    assert.match(refused.stderr, /connection-file-readable-by-others/);
    chmodSync(fileOf("ada"), 0o600);
  });

  test("who disconnects leaves no token behind, neither here nor there", async () => {
    const { token } = JSON.parse(readFileSync(fileOf("ada"), "utf8"));
    const done = await as("ada", ["disconnect"]);
    assert.equal(done.code, 0, done.stderr);
    assert.throws(() => statSync(fileOf("ada")), { code: "ENOENT" });
    assert.equal((await server.call("GET", "/api/me", { token })).status, 401);
    // A server of the tester's own, running on this machine, would be found instead.
    const next = await as("ada", ["get-me"]);
    assert.ok(next.code === 5 || read<MeResource>(next).name !== "ada", next.stderr);
    assert.equal((await as("ada", ["disconnect"])).code, 0);
  });

  test("a program's account connects with a token, which is not ended when it disconnects", async () => {
    await asAdministrator(["new-service-principal", "monitoring"]);
    const { token } = read<NewTokenResource>(await asAdministrator(["new-token", "x", "--principal", "monitoring"]));
    const file = join(folder, "monitoring.token");
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    assert.equal((await as("monitoring", ["connect", server.url, "--token-file", file])).code, 0);
    assert.equal(read<MeResource>(await as("monitoring", ["get-me"])).name, "monitoring");
    assert.equal((await as("monitoring", ["disconnect"])).code, 0);
    assert.equal((await server.call("GET", "/api/me", { token })).status, 200);
    assert.equal((await as("monitoring", ["connect", server.url, "--token-file", "-"], `${token}\n`)).code, 0);
  });

  test("a sign-in provider is set with a secret from standard input, shown without it, changed and removed", async () => {
    const issuer = "https://login.example";
    const set = ["set-sign-in-provider", "corp"];
    assert.equal((await asAdministrator([...set, "--display-name", "Corp"])).code, 2);
    const made = read<SignInProviderResource>(
      await asAdministrator(
        [...set, "--issuer", issuer, "--client-id", "x", "--client-secret"],
        "a secret of the client\n",
      ),
    );
    assert.deepEqual([made.hasClientSecret, made.issuer], [true, issuer]);
    const changed = await asAdministrator([...set, "--group", "it=ops", "--new-users", "members", "--enabled", "no"]);
    assert.deepEqual(read<SignInProviderResource>(changed).groups, { it: "ops" });
    const shown = await asAdministrator(["get-sign-in-provider", "corp"]);
    assert.equal(read<SignInProviderResource>(shown).hasClientSecret, true);
    assert.doesNotMatch(shown.stdout, /a secret of the client/);
    assert.equal((await asAdministrator(["remove-sign-in-provider", "corp"])).code, 0);
    assert.deepEqual(read(await asAdministrator(["get-sign-in-provider"])), []);
  });

  test("no password goes over plain HTTP to another machine, and none stands in an address", async () => {
    for (const [url, code] of [
      ["http://runsmith.example:9090", "not-encrypted"],
      ["ftp://127.0.0.1", "invalid-url"],
      ["http://ada:secret@127.0.0.1:9090", "invalid-url"],
    ] as const) {
      const refused = await as("nobody", ["connect", url, "--user", "ada"], password);
      assert.equal(refused.code, 2, url);
      assert.match(refused.stderr, new RegExp(code));
    }
  });

  test("a user changes the own password, and has to when told so", async () => {
    await asAdministrator(["new-user", "eve", "--must-change"], password);
    const refused = await as("eve", ["connect", server.url, "--user", "eve"], password);
    assert.equal(refused.code, 5);
    assert.match(refused.stderr, /password-to-change/);
    const { token } = read<NewTokenResource>(await asAdministrator(["new-token", "x", "--principal", "eve"]));
    const env = { RUNSMITH_URL: server.url, RUNSMITH_TOKEN: token };
    const next = "another long password";
    assert.equal((await runsmith(["set-password"], env, `wrong\n${next}\n`)).code, 5);
    assert.equal((await runsmith(["set-password"], env, `${password}\n${next}\n`)).code, 0);
    assert.equal((await as("eve", ["connect", server.url, "--user", "eve"], next)).code, 0);
  });
});
