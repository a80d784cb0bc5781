import { connectionFieldTypes } from "../../../src/contract/api/asset.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import { commonAssetOptions, setAsset } from "../../assets/asset-commands.ts";
import { connectionTypeNoun } from "../../assets/asset-nouns.ts";
import type { Command } from "../../command.ts";

export const command: Command = {
  name: "set-connection-type",
  summary: "say which fields connections of a type have, or make that type",
  description:
    "A field is its name, and behind colons its type (string, number, boolean; string when left out), required and encrypted. While there are connections of the type, optional fields may be added and nothing else changes; name all fields then, too.",
  arguments: [{ name: "NAME", help: "the type's name" }],
  options: [
    { flags: "--field <field>", help: "a field, such as Port:number:required; may be given several times", many: true },
    ...commonAssetOptions,
  ],
  examples: [
    {
      line: "set-connection-type Server --field Host:required --field Port:number --field Password:encrypted",
      does: "a type with three fields",
    },
  ],
  run(invocation) {
    const fields = invocation.list("field").map(fieldOf);
    return setAsset(connectionTypeNoun, invocation, fields.length === 0 ? {} : { fields });
  },
};

function fieldOf(text: string): Record<string, unknown> {
  const [name = "", ...words] = text.split(":");
  const field: Record<string, unknown> = { name };
  for (const word of words) {
    if (word === "required" || word === "encrypted") field[word] = true;
    else if (connectionFieldTypes.some((type) => type === word)) field["type"] = word;
    else {
      throw new UserError("usage", `"${word}" in the field ${text} is neither a type nor required or encrypted.`, {
        remedy: `The types are ${connectionFieldTypes.join(", ")}.`,
      });
    }
  }
  return field;
}
