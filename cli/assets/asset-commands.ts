import type { AssetResource, RemovedAsset } from "../../src/contract/api/asset.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { Command, CommandOption, Invocation } from "../command.ts";
import { connect } from "../connection/connect.ts";
import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/print.ts";
import { printList, printOne, printRow } from "../output/print.ts";

/** A kind of asset, as its commands call it. */
export interface AssetNoun<Resource extends AssetResource> {
  /** Such as `connection-type`: `get-…`, `remove-…`, `set-…`. */
  command: string;
  /** In sentences: one with its article, and many. */
  one: string;
  many: string;
  /** Where the API has them. */
  path: string;
  view: View<Resource>;
}

/** The options that every `set-…` has. */
export const commonAssetOptions: readonly CommandOption[] = [
  { flags: "--description <text>", help: "what it is for" },
  { flags: "--new-name <name>", help: "rename it" },
];

/** The options of what may be in a vault. */
export const vaultOptions: readonly CommandOption[] = [
  { flags: "--vault <name>", help: "the vault that has the value; it is read there whenever a job asks for it" },
  { flags: "--vault-path <path>", help: "where in the vault it is" },
  {
    flags: "--vault-field <name=field>",
    help: "how a field is called there, such as value=token; may be given several times",
    many: true,
  },
];

/** `get-…`: lists them, or shows one. */
export function getCommand<Resource extends AssetResource>(noun: AssetNoun<Resource>): Command {
  const name = `get-${noun.command}`;
  return {
    name,
    summary: `list the ${noun.many}, or show one; never what is secret`,
    arguments: [{ name: "NAME", help: "name or id", optional: true }],
    examples: [{ line: name, does: `all ${noun.many}` }],
    async run(invocation) {
      const api = connect();
      const asset = invocation.argument(0);
      if (asset === "") await printList(await api.list<Resource>(noun.path), noun.view, invocation.output);
      else await printOne(await api.get<Resource>(pathOf(noun, asset)), noun.view, invocation.output);
      return exitCodes.completed;
    },
  };
}

/** `remove-…`: refused while it is used. */
export function removeCommand<Resource extends AssetResource>(noun: AssetNoun<Resource>): Command {
  const name = `remove-${noun.command}`;
  return {
    name,
    summary: `remove ${noun.one}; refused while something uses it`,
    description:
      "It is refused while another asset is made with it, or a published runbook names it. With --force it is removed all the same, and what goes without it now is told.",
    arguments: [{ name: "NAME", help: "name or id" }],
    options: [{ flags: "--force", help: "also while it is used" }],
    examples: [{ line: `${name} ops`, does: "remove it" }],
    async run(invocation) {
      const query = invocation.flag("force") ? "?force=true" : "";
      const path = `${pathOf(noun, invocation.argument(0))}${query}`;
      const { usedBy } = await connect().call<RemovedAsset>("DELETE", path);
      for (const user of usedBy) {
        process.stderr.write(`The ${user.kind.replaceAll("-", " ")} ${user.name} goes without it now.\n`);
      }
      return exitCodes.completed;
    },
  };
}

/**
 * Changes the asset that the first argument names, or makes it, and prints it.
 * @param settings what is said of it, beside name and description
 */
export async function setAsset<Resource extends AssetResource>(
  noun: AssetNoun<Resource>,
  invocation: Invocation,
  settings: Record<string, unknown>,
): Promise<number> {
  const api = connect();
  const name = invocation.argument(0);
  const newName = invocation.text("new-name");
  const description = invocation.text("description");
  const body = {
    ...settings,
    ...(description === undefined ? {} : { description }),
    ...(newName === undefined ? {} : { name: newName }),
  };
  if (Object.keys(body).length === 0) {
    throw new UserError("nothing-to-set", "Nothing was named that is to be set.", {
      remedy: `See \`npx runsmith set-${noun.command} --help\`.`,
    });
  }
  const change = () => api.call<Resource>("PATCH", pathOf(noun, name), { body });
  const asset = await change().catch((error: unknown) => {
    // A new name is of something that is there.
    if (!(error instanceof UserError) || error.code !== "asset-not-found" || newName !== undefined) throw error;
    return api.post<Resource>(noun.path, { name, ...body });
  });
  await printRow(asset, noun.view, invocation.output);
  return exitCodes.completed;
}

/** What `vaultOptions` say, as a member of settings. Throws `UserError` when one comes without the other. */
export function vaultOf(invocation: Invocation): { vault?: Record<string, unknown> } {
  const [vault, path, fields] = [
    invocation.text("vault"),
    invocation.text("vault-path"),
    invocation.list("vault-field"),
  ];
  if (vault === undefined && path === undefined && fields.length === 0) return {};
  if (vault === undefined || path === undefined) {
    throw new UserError("usage", "--vault and --vault-path belong together.");
  }
  const pairs = fields.map((field) => {
    const [, ours, theirs] = /^([^=]+)=(.+)$/s.exec(field) ?? [];
    if (ours === undefined || theirs === undefined) {
      throw new UserError("usage", `--vault-field takes name=field, not "${field}".`);
    }
    return [ours, theirs] as const;
  });
  return { vault: { vault, path, fields: Object.fromEntries(pairs) } };
}

function pathOf<Resource extends AssetResource>(noun: AssetNoun<Resource>, asset: string): string {
  return `${noun.path}/${encodeURIComponent(asset)}`;
}
