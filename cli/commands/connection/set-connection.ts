import type { ConnectionField, ConnectionResource, ConnectionTypeResource } from "../../../src/contract/api/asset.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import { commonAssetOptions, setAsset, vaultOf, vaultOptions } from "../../assets/asset-commands.ts";
import { connectionNoun, connectionTypeNoun } from "../../assets/asset-nouns.ts";
import type { Command } from "../../command.ts";
import type { ApiClient } from "../../connection/api-client.ts";
import { connect } from "../../connection/connect.ts";
import { secretInput } from "../../parameters/secret-input.ts";

export const command: Command = {
  name: "set-connection",
  summary: "set fields of a connection, or make it",
  description:
    "Fields that are not named stay as they are; an empty value takes one away. A secret field is named by --secret-field, and its value is asked on the terminal, or read from standard input; it is never an argument.",
  arguments: [{ name: "NAME", help: "the connection's name" }],
  options: [
    { flags: "--type <name>", help: "the connection type of a new connection" },
    { flags: "--field <name=value>", help: "a field that is not secret; may be given several times", many: true },
    { flags: "--secret-field <name>", help: "a secret field whose value is asked for", many: true },
    ...vaultOptions,
    ...commonAssetOptions,
  ],
  examples: [
    {
      line: "set-connection build --type Server --field Host=build.example.org --field Port=22 --secret-field Password",
      does: "a new connection; asks for the password",
    },
    { line: "set-connection build --secret-field Password < password.txt", does: "another password" },
  ],
  async run(invocation) {
    const [pairs, secrets, type] = [invocation.list("field"), invocation.list("secret-field"), invocation.text("type")];
    if (secrets.length > 1 && !process.stdin.isTTY) {
      throw new UserError("usage", "Standard input has one secret field; call the command once for each.");
    }
    const declared = pairs.length === 0 ? [] : await declaredFields(connect(), invocation.argument(0), type);
    const fields: Record<string, unknown> = Object.fromEntries(pairs.map((pair) => fieldOf(pair, declared)));
    for (const secret of secrets) fields[secret] = await secretInput(secret);
    return setAsset(connectionNoun, invocation, {
      ...(type === undefined ? {} : { connectionType: type }),
      ...(Object.keys(fields).length === 0 ? {} : { fields }),
      ...vaultOf(invocation),
    });
  },
};

/** What the type says of the fields, so that texts become what it asks for. */
async function declaredFields(api: ApiClient, name: string, type: string | undefined): Promise<ConnectionField[]> {
  const named =
    type ?? (await api.get<ConnectionResource>(`${connectionNoun.path}/${encodeURIComponent(name)}`)).connectionType;
  return (await api.get<ConnectionTypeResource>(`${connectionTypeNoun.path}/${encodeURIComponent(named)}`)).fields;
}

function fieldOf(pair: string, declared: readonly ConnectionField[]): [string, unknown] {
  const [, name, text] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
  if (name === undefined || text === undefined) {
    throw new UserError("usage", `--field takes name=value, not "${pair}".`);
  }
  const field = declared.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (field?.encrypted === true) {
    throw new UserError(
      "usage",
      `The field ${field.name} is secret: other users of this machine can see command lines.`,
      {
        remedy: `Have it asked for: --secret-field ${field.name}`,
      },
    );
  }
  if (text === "") return [name, null];
  if (field?.type === "number") return [name, Number(text)];
  return [name, field?.type === "boolean" ? text === "true" : text];
}
