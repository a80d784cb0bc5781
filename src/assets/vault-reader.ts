import { extname, join } from "node:path";
import { parse } from "yaml";
import { UserError } from "../contract/user-error.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { Store } from "../store/store.ts";
import { assetPlace } from "./asset-secret.ts";
import type { StoredReference } from "./vault-references.ts";
import { runVaultCommand } from "./vaults/read-command.ts";
import { readVaultFile } from "./vaults/read-file.ts";
import { HashicorpClient } from "./vaults/read-hashicorp.ts";
import { noVaultFolder } from "./vaults/vault-folder.ts";
import type { VaultSecret } from "./vaults.ts";
import { vaultContent } from "./vaults.ts";

/** What is at a place in a vault: fields by name, or one text. */
export type FoundInVault = Record<string, unknown> | string;

export interface VaultReaderParts {
  store: Pick<Store, "read">;
  sealer: Sealer;
  /** The operator's folder with `commands` and `files`; null where there is none. */
  folder: string | null;
}

/** Reads what references point to, anew each time: nothing of it is kept. */
export class VaultReader {
  readonly #parts: VaultReaderParts;
  readonly #hashicorp = new HashicorpClient();

  constructor(parts: VaultReaderParts) {
    this.#parts = parts;
  }

  /** @throws UserError `asset-unavailable` (503) when the vault does not answer, or has nothing there */
  async read({ vaultId, path }: Pick<StoredReference, "vaultId" | "path">): Promise<FoundInVault> {
    const { store, sealer, folder } = this.#parts;
    const found = await store.read.assetWithSecret({ kind: "vault", asset: vaultId });
    if (found === null) {
      throw new UserError("asset-unavailable", "The vault that has the value was removed.", { status: 503 });
    }
    const { asset, sealed } = found;
    const content = vaultContent(asset);
    if (content.provider === "hashicorp") {
      const opened = sealed === null ? Buffer.from("{}") : sealer.open(sealed, assetPlace(vaultId, asset.valueVersion));
      const secret = JSON.parse(Buffer.from(opened).toString()) as VaultSecret;
      return this.#hashicorp.read(`${vaultId} ${asset.revision}`, content, secret, path);
    }
    if (folder === null) {
      throw noVaultFolder();
    }
    return content.provider === "command"
      ? parsed(await runVaultCommand(join(folder, "commands"), content.command ?? "", path))
      : parsed(await readVaultFile(join(folder, "files"), path), extname(path));
  }
}

/** The value of one of our fields. @throws UserError `asset-unavailable` (503) when it is not there */
export function fieldOf(found: FoundInVault, { fields, path }: StoredReference, name: string): unknown {
  const value = fieldIfThere(found, { fields }, name);
  if (value === undefined) {
    throw new UserError("asset-unavailable", `What is at ${path} in the vault has no field ${fields[name] ?? name}.`, {
      status: 503,
      remedy: "Say how the field is called there: --vault-field.",
    });
  }
  return value;
}

/** The same; undefined when it is not there. One text is the value of `value`, `password`, … whatever is asked for. */
export function fieldIfThere(found: FoundInVault, { fields }: Pick<StoredReference, "fields">, name: string): unknown {
  if (typeof found === "string") {
    return found;
  }
  const theirs = fields[name] ?? name;
  return Object.hasOwn(found, theirs) ? found[theirs] : undefined;
}

/** An object where the text is one (JSON, or YAML by the file's name), else the text without the line break at its end. */
function parsed(text: string, extension = ""): FoundInVault {
  try {
    const value: unknown = extension === ".yaml" || extension === ".yml" ? parse(text) : JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // It is text.
  }
  return text.replace(/\r?\n$/, "");
}
