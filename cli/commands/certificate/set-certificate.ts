import { readFileSync } from "node:fs";
import { UserError } from "../../../src/contract/user-error.ts";
import { commonAssetOptions, setAsset, vaultOf, vaultOptions } from "../../assets/asset-commands.ts";
import { certificateNoun } from "../../assets/asset-nouns.ts";
import type { Command } from "../../command.ts";
import { secretInput } from "../../parameters/secret-input.ts";

export const command: Command = {
  name: "set-certificate",
  summary: "set a certificate with its private key from a PEM or PFX file, or make it",
  description:
    "A PEM file holds the certificate, its key, and those that it is issued by, in any order. With --password the password of a PFX or of an encrypted key is asked on the terminal, or read from standard input.",
  arguments: [{ name: "NAME", help: "the certificate's name" }],
  options: [
    { flags: "--file <file>", help: "PEM or PFX file" },
    { flags: "--key-file <file>", help: "PEM file of the key, where it is apart" },
    { flags: "--password", help: "ask for the password" },
    ...vaultOptions,
    ...commonAssetOptions,
  ],
  examples: [
    { line: "set-certificate signing --file signing.pfx --password", does: "from a PFX" },
    { line: "set-certificate web --file fullchain.pem --key-file privkey.pem", does: "from PEM files" },
  ],
  async run(invocation) {
    const [file, keyFile] = [invocation.text("file"), invocation.text("key-file")];
    const content = file === undefined ? {} : contentOf(file, keyFile);
    const password =
      file !== undefined && invocation.flag("password") ? { password: await secretInput("password") } : {};
    return setAsset(certificateNoun, invocation, { ...content, ...password, ...vaultOf(invocation) });
  },
};

function contentOf(file: string, keyFile: string | undefined): { pem: string } | { pfx: string } {
  const bytes = read(file);
  if (bytes.includes("-----BEGIN ")) {
    const key = keyFile === undefined ? "" : `\n${read(keyFile).toString()}`;
    return { pem: `${bytes.toString()}${key}` };
  }
  return { pfx: bytes.toString("base64") };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new UserError("file-unreadable", `The certificate cannot be read: ${(cause as Error).message}`, { cause });
  }
}
