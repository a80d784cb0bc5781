import type { SignInProviderResource } from "../../../src/contract/api/sign-in-provider.ts";
import { newUserRules } from "../../../src/contract/api/sign-in-provider.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command, Invocation } from "../../command.ts";
import type { ApiClient } from "../../connection/api-client.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printOne } from "../../output/print.ts";
import { secretInput } from "../../parameters/secret-input.ts";
import { signInProviderView } from "../../views/sign-in-provider-view.ts";

const path = "/api/sign-in-providers";

export const command: Command = {
  name: "set-sign-in-provider",
  summary: "let users sign in by a provider of OpenID Connect, or change how",
  description:
    "Makes a provider known, or changes what is named and leaves the rest. At the provider, register a client with the redirect URI https://…/api/sign-in/NAME/callback. With --client-secret that is asked on the terminal, or read from standard input; it is never an argument.",
  arguments: [{ name: "NAME", help: "lower-case letters, digits and hyphens; part of its address" }],
  options: [
    { flags: "--issuer <url>", help: "the provider's issuer identifier" },
    { flags: "--client-id <id>", help: "the client that is registered there" },
    { flags: "--client-secret", help: "ask for the client's secret" },
    { flags: "--display-name <text>", help: "how people know it" },
    { flags: "--scopes <scopes>", help: "what is asked for beside openid, such as 'profile email groups'" },
    { flags: "--name-claim <claim>", help: "names new users; preferred_username when left out" },
    { flags: "--groups-claim <claim>", help: "lists the groups of a user there; groups when left out" },
    {
      flags: "--group <theirs=ours>",
      help: "members of that group there belong to this group here; all of them",
      many: true,
    },
    {
      flags: "--new-users <rule>",
      help: "whom it may send that was never here: members of one of those groups, …",
      choices: newUserRules,
    },
    { flags: "--enabled <yes-or-no>", help: "whether users may sign in by it", choices: ["yes", "no"] },
  ],
  examples: [
    {
      line: "set-sign-in-provider corp --issuer https://login.example --client-id runsmith --client-secret",
      does: "asks for the secret",
    },
    { line: "set-sign-in-provider corp --group it-ops=operators --new-users members", does: "for some only" },
  ],
  async run(invocation) {
    const body = await settings(invocation);
    if (Object.keys(body).length === 0) {
      throw new UserError("nothing-to-set", "No option says what to change, so nothing changes.");
    }
    await printOne(await set(connect(), invocation.argument(0), body), signInProviderView, invocation.output);
    return exitCodes.completed;
  },
};

async function set(api: ApiClient, name: string, body: Record<string, unknown>): Promise<SignInProviderResource> {
  try {
    return await api.call<SignInProviderResource>("PATCH", `${path}/${encodeURIComponent(name)}`, { body });
  } catch (error) {
    const isNew = error instanceof UserError && error.code === "sign-in-provider-not-found";
    if (!isNew || !("issuer" in body) || !("clientId" in body)) throw error;
    return await api.post<SignInProviderResource>(path, { name, ...body });
  }
}

async function settings(invocation: Invocation): Promise<Record<string, unknown>> {
  const body: Record<string, unknown> = {};
  for (const [option, member] of [
    ["issuer", "issuer"],
    ["client-id", "clientId"],
    ["display-name", "displayName"],
    ["name-claim", "nameClaim"],
    ["groups-claim", "groupsClaim"],
    ["new-users", "newUsers"],
  ] as const) {
    const value = invocation.text(option);
    if (value !== undefined) body[member] = value;
  }
  const scopes = invocation.text("scopes");
  if (scopes !== undefined) body["scopes"] = scopes.split(/[\s,]+/).filter((scope) => scope !== "");
  const groups = invocation.list("group");
  if (groups.length > 0) body["groups"] = Object.fromEntries(groups.map(groupPair));
  const enabled = invocation.text("enabled");
  if (enabled !== undefined) body["enabled"] = enabled === "yes";
  if (invocation.flag("client-secret")) body["clientSecret"] = await secretInput("secret of the client");
  return body;
}

function groupPair(text: string): [string, string] {
  const at = text.lastIndexOf("=");
  if (at < 1 || at === text.length - 1) {
    throw new UserError("invalid-group", `--group takes THEIRS=OURS, not "${text}".`);
  }
  return [text.slice(0, at), text.slice(at + 1)];
}
