import { readFileSync } from "node:fs";
import { variableTypes } from "../../../src/contract/assets.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import { commonAssetOptions, setAsset, vaultOf, vaultOptions } from "../../assets/asset-commands.ts";
import { variableNoun } from "../../assets/asset-nouns.ts";
import type { Command, Invocation } from "../../command.ts";
import { secretInput } from "../../parameters/secret-input.ts";

export const command: Command = {
  name: "set-variable",
  summary: "give a variable a value, or make it; encrypted where nobody but jobs may read it",
  description:
    "A value is JSON where it reads as JSON, else text. An encrypted value that is not given is asked on the terminal, or read from standard input, so that no command line shows it. An encrypted variable stays encrypted when it gets a new value.",
  arguments: [{ name: "NAME", help: "the variable's name" }],
  options: [
    { flags: "--value <json>", help: "the value" },
    { flags: "--file <file>", help: "file with the value; - for standard input" },
    { flags: "--type <type>", help: "what the value is; text with --type string stays text", choices: variableTypes },
    { flags: "--encrypted", help: "seal it: the API never gives it back" },
    ...vaultOptions,
    ...commonAssetOptions,
  ],
  examples: [
    { line: "set-variable Site --value Paris", does: "a text" },
    { line: "set-variable Hosts --file hosts.json", does: "a list from a file" },
    { line: "set-variable ApiKey --encrypted", does: "a secret, asked on the terminal" },
    {
      line: "set-variable ApiKey --vault main --vault-path secret/api --vault-field value=key",
      does: "one in a vault",
    },
  ],
  async run(invocation) {
    const vault = vaultOf(invocation);
    const type = invocation.text("type");
    return setAsset(variableNoun, invocation, {
      ...(vault.vault === undefined ? await givenValue(invocation) : vault),
      ...(type === undefined ? {} : { type }),
      ...(invocation.flag("encrypted") && vault.vault === undefined ? { encrypted: true } : {}),
    });
  },
};

async function givenValue(invocation: Invocation): Promise<{ value?: unknown }> {
  const [given, file, type] = [invocation.text("value"), invocation.text("file"), invocation.text("type")];
  const encrypted = invocation.flag("encrypted");
  if (given !== undefined && file !== undefined) {
    throw new UserError("usage", "--value and --file contradict each other.");
  }
  if (given !== undefined && encrypted) {
    process.stderr.write(
      "Warning: other users of this machine can see command lines. Leave --value out to be asked for it, or use --file.\n",
    );
  }
  if (given !== undefined) return { value: parsed(given, type) };
  if (file !== undefined) return { value: parsedFile(file, type) };
  return encrypted ? { value: parsed(await secretInput("value"), type) } : {};
}

function textOf(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new UserError("file-unreadable", `The value cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** A file that means to be JSON and is not would only be found in the runbook, as a text. @throws UserError `invalid-json` */
function parsedFile(file: string, type: string | undefined): unknown {
  const text = textOf(file);
  return parsed(text, type, (cause) => {
    if (type !== undefined || !(file.endsWith(".json") || /^\s*[{[]/.test(text))) return text;
    throw new UserError("invalid-json", `What ${file} holds is no JSON: ${(cause as Error).message}`, {
      remedy: "Mend it, or say that it is a text: --type string",
      cause,
    });
  });
}

/** @param otherwise what a text is that is no JSON; itself when left out */
function parsed(text: string, type: string | undefined, otherwise: (cause: unknown) => unknown = () => text): unknown {
  if (type === "string" || type === "date-time") return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    return otherwise(cause);
  }
}
