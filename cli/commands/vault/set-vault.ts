import { readFileSync } from "node:fs";
import { vaultProviders } from "../../../src/contract/api/asset.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import { commonAssetOptions, setAsset } from "../../assets/asset-commands.ts";
import { vaultNoun } from "../../assets/asset-nouns.ts";
import type { Command } from "../../command.ts";
import { secretInput } from "../../parameters/secret-input.ts";

export const command: Command = {
  name: "set-vault",
  summary: "say where values are that are not stored here, or make that vault",
  description:
    "A vault of HashiCorp Vault or OpenBao is signed in to by a token (--token), or by AppRole (--role-id); the token or the secret id is asked on the terminal, or read from standard input. Commands and files are those of the services' --vault-folder. Administrators only.",
  arguments: [{ name: "NAME", help: "the vault's name" }],
  options: [
    { flags: "--provider <provider>", help: "of a new vault", choices: vaultProviders },
    { flags: "--address <url>", help: "such as https://vault.example.org:8200" },
    { flags: "--mount <path>", help: "where its KV engine (version 2) is mounted; secret when left out" },
    { flags: "--namespace <name>", help: "its namespace" },
    { flags: "--token", help: "ask for the token that the service signs in by" },
    { flags: "--role-id <id>", help: "sign in by AppRole; asks for the secret id" },
    { flags: "--ca-file <file>", help: "PEM of the authorities that its certificate is checked against" },
    { flags: "--command <name>", help: "the executable of a vault of the provider command" },
    ...commonAssetOptions,
  ],
  examples: [
    {
      line: "set-vault main --provider hashicorp --address https://vault.example.org:8200 --token",
      does: "asks for the token",
    },
    { line: "set-vault files --provider file", does: "the files of the services' vault folder" },
  ],
  async run(invocation) {
    const text = (option: string, member: string) => {
      const given = invocation.text(option);
      return given === undefined ? {} : { [member]: given };
    };
    const roleId = invocation.text("role-id");
    if (invocation.flag("token") && roleId !== undefined) {
      throw new UserError("usage", "--token and --role-id contradict each other.");
    }
    const file = invocation.text("ca-file");
    return setAsset(vaultNoun, invocation, {
      ...text("provider", "provider"),
      ...text("address", "address"),
      ...text("mount", "mount"),
      ...text("namespace", "namespace"),
      ...text("command", "command"),
      ...(file === undefined ? {} : { authorities: readFileSync(file, "utf8") }),
      ...(invocation.flag("token") ? { token: await secretInput("token") } : {}),
      ...(roleId === undefined ? {} : { roleId, secretId: await secretInput("secret id") }),
    });
  },
};
