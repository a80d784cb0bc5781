import { commonAssetOptions, setAsset, vaultOf, vaultOptions } from "../../assets/asset-commands.ts";
import { credentialNoun } from "../../assets/asset-nouns.ts";
import type { Command } from "../../command.ts";
import { secretInput } from "../../parameters/secret-input.ts";

export const command: Command = {
  name: "set-credential",
  summary: "set a user name with its password, or make that credential",
  description:
    "The password is asked on the terminal, or read from standard input; it is never an argument. Without --user only the rest is set, unless --password says that a new password comes.",
  arguments: [{ name: "NAME", help: "the credential's name" }],
  options: [
    { flags: "--user <name>", help: "the user name" },
    { flags: "--password", help: "ask for a new password, where --user is left out" },
    ...vaultOptions,
    ...commonAssetOptions,
  ],
  examples: [
    { line: "set-credential ops --user admin", does: "asks for the password" },
    { line: "set-credential ops --user admin < password.txt", does: "the password from a file" },
    { line: "set-credential ops --vault main --vault-path secret/ops", does: "both from a vault" },
    { line: "set-credential ops --new-name operations", does: "rename it" },
  ],
  async run(invocation) {
    const userName = invocation.text("user");
    const vault = vaultOf(invocation);
    const asks = vault.vault === undefined && (userName !== undefined || invocation.flag("password"));
    return setAsset(credentialNoun, invocation, {
      ...(userName === undefined ? {} : { userName }),
      ...(asks ? { password: await secretInput("password") } : vault),
    });
  },
};
