import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import type { MeResource, NewTokenResource } from "../../../src/contract/api/principal.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command, Invocation } from "../../command.ts";
import { ApiClient, basicAuthorization } from "../../connection/api-client.ts";
import type { KeptConnection } from "../../connection/kept-connection.ts";
import { keepConnection, keptConnectionFile } from "../../connection/kept-connection.ts";
import { exitCodes } from "../../exit-codes.ts";
import { expiryAfter } from "../../parameters/expiry.ts";
import { newPassword } from "../../parameters/new-password.ts";
import { secretInput } from "../../parameters/secret-input.ts";

export const command: Command = {
  name: "connect",
  summary: "sign in to a service; the commands of this account use it from then on",
  description:
    "Asks for user and password, or takes a token, and keeps a token in this account's configuration (readable by it only). The commands use it unless RUNSMITH_URL and RUNSMITH_TOKEN say otherwise. The password is asked on the terminal, or read from standard input; it is never an argument, and is not kept.",
  arguments: [{ name: "URL", help: "where the service is, such as https://runsmith.example:9090" }],
  options: [
    { flags: "--user <name>", help: "the user's name; asked when left out" },
    {
      flags: "--token-file <file>",
      help: "take the token in this file, or - for standard input, in place of a password",
    },
    { flags: "--ca <file>", help: "PEM file of certificates to trust beside the system's" },
    { flags: "--expires <duration>", help: "after how long the new token ends; or never", default: "90d" },
  ],
  examples: [
    { line: "connect https://runsmith.example:9090 --user ada", does: "asks for the password" },
    { line: "connect https://runsmith.example:9090 --token-file robot.token", does: "for a program's account" },
  ],
  async run(invocation) {
    const url = serviceUrl(invocation.argument(0));
    const ca = invocation.text("ca");
    const caFile = ca === undefined ? null : resolve(ca);
    const tokenFile = invocation.text("token-file");
    const kept =
      tokenFile === undefined
        ? await byPassword(url, caFile, invocation)
        : await byToken(url, caFile, await tokenIn(tokenFile));
    keepConnection(kept);
    process.stderr.write(`Connected to ${url} as ${kept.name}; the token is kept in ${keptConnectionFile()}.\n`);
    return exitCodes.completed;
  },
};

async function byToken(url: string, caFile: string | null, token: string): Promise<KeptConnection> {
  const me = await new ApiClient({ url, token, caFile: caFile ?? undefined }).get<MeResource>("/api/me");
  return { url, token, tokenId: null, name: me.name, caFile, expiresAt: null };
}

/** Signs in once and has a token made, so that the password need not be kept. */
async function byPassword(url: string, caFile: string | null, invocation: Invocation): Promise<KeptConnection> {
  const name = invocation.text("user") ?? (await askName());
  const clientWith = (password: string) =>
    new ApiClient({ url, token: "", authorization: basicAuthorization(name, password), caFile: caFile ?? undefined });
  const password = await secretInput(`password of ${name}`);
  let api = clientWith(password);
  if ((await api.get<MeResource>("/api/me")).mustChangePassword) api = clientWith(await changed(api, name, password));
  const made = await api.post<NewTokenResource>("/api/tokens", {
    name: `connect on ${hostname()}`.slice(0, 128),
    expiresAt: expiryAfter(invocation.text("expires") ?? "90d"),
  });
  const { token, tokenId, expiresAt, principal } = made;
  return { url, token, tokenId, name: principal.name, caFile, expiresAt };
}

/** Changes the password, which the user has to before anything else, and gives the new one. */
async function changed(api: ApiClient, name: string, current: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UserError("password-to-change", `${name} has to change the password first.`, {
      status: 403,
      remedy: "Run this command on a terminal, where it asks for a new one.",
    });
  }
  process.stderr.write("The password has to be changed now.\n");
  const next = await newPassword();
  await api.post("/api/me/password", { currentPassword: current, newPassword: next });
  return next;
}

async function askName(): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UserError("user-needed", "No user was named, and there is no terminal to ask.", {
      remedy: "Name the user with --user, or give a token with --token-file.",
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question("user: ")).trim();
  } finally {
    terminal.close();
  }
}

async function tokenIn(file: string): Promise<string> {
  if (file === "-") return (await secretInput("token")).trim();
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new UserError("token-file-unreadable", `The file ${file} cannot be read: ${(error as Error).message}.`);
  }
}

/** The address without what may come after the host. Throws `UserError` (`invalid-url`, `not-encrypted`). */
function serviceUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new UserError("invalid-url", `"${text}" is not the address of a service.`, {
      remedy: "Write it such as https://runsmith.example:9090, without a user.",
    });
  }
  if (url.protocol === "http:" && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    throw new UserError(
      "not-encrypted",
      "Over plain HTTP everybody on the way could read the password and the token.",
      {
        remedy: "Use https://, or a tunnel to the machine.",
      },
    );
  }
  return url.origin;
}
