import type {
  AssetAnswer,
  AssetRequest,
  AssetValue,
  ConnectionValue,
  VariableType,
} from "../../src/contract/assets.ts";
import type { AttemptReference } from "../../src/contract/link/control-frames.ts";
import type { AssetProvider } from "../../worker/assets/asset-provider.ts";

/** An asset of a file. `secrets`: JSON pointers into the value. */
export interface LocalAsset {
  name: string;
  value: AssetValue;
  secrets: string[];
}

/** An asset that a file names and that cannot be had here. */
export interface MissingAsset {
  name: string;
  kind: AssetValue["kind"];
  why: string;
}

/** The assets of files, for one run: what the script sets lasts as long as that. */
export class LocalAssets implements AssetProvider {
  readonly #assets = new Map<string, LocalAsset>();
  readonly #missing = new Map<string, MissingAsset>();
  readonly #files: readonly string[];

  /** @param assets of files that were given later come before those of earlier ones */
  constructor(files: readonly string[], assets: readonly (LocalAsset | MissingAsset)[]) {
    this.#files = files;
    for (const asset of assets) {
      if ("value" in asset) this.#assets.set(keyOf(asset.value.kind, asset.name), asset);
      else this.#missing.set(keyOf(asset.kind, asset.name), asset);
    }
  }

  async ask(_attempt: AttemptReference, request: AssetRequest): Promise<AssetAnswer> {
    const kind = request.action === "get" ? request.kind : "variable";
    const found = this.#assets.get(keyOf(kind, request.name));
    if (found === undefined) return this.#notFound(kind, request.name);
    if (request.action === "get") return { value: found.value, secrets: found.secrets };
    if (found.value.kind !== "variable") throw new TypeError("not a variable");
    const { type, value } = request;
    this.#assets.set(keyOf(kind, found.name), { ...found, value: { ...found.value, type, value } });
    return { encrypted: found.value.encrypted };
  }

  #notFound(kind: AssetValue["kind"], name: string): AssetAnswer {
    const missing = this.#missing.get(keyOf(kind, name));
    if (missing !== undefined) {
      return {
        error: { code: "asset-unavailable", message: `The ${kind} "${name}" cannot be had here: ${missing.why}.` },
      };
    }
    const where =
      this.#files.length === 0
        ? "Give a file that holds it: --assets assets.json."
        : `Add it to ${this.#files.join(" or ")}.`;
    return { error: { code: "asset-not-found", message: `There is no ${kind} "${name}". ${where}` } };
  }
}

/** The type of a variable that holds this value. */
export function typeOf(value: unknown): VariableType {
  if (value === null) return "null";
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "object";
}

/** A connection with these fields. */
export function localConnection(
  name: string,
  connectionType: string,
  fields: Record<string, unknown>,
  secretFields: string[],
): LocalAsset {
  return {
    name,
    value: { kind: "connection", connectionType, fields: fields as ConnectionValue["fields"], secretFields },
    secrets: secretFields.map((field) => `/fields/${field.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  };
}

function keyOf(kind: string, name: string): string {
  return `${kind} ${name.toLowerCase()}`;
}
