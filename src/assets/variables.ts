import type { Principal } from "../access/principal.ts";
import type { VariableResource, VariableSettings } from "../contract/api/asset.ts";
import type { VariableType } from "../contract/assets.ts";
import { isTooDeep } from "../contract/value-depth.ts";
import type { StoredAsset } from "../store/operations/assets.ts";
import type { Store } from "../store/store.ts";
import type { AssetRules, FormerAsset, PreparedAsset } from "./asset-rules.ts";
import { commonResource } from "./asset-rules.ts";
import { invalidAsset } from "./invalid-asset.ts";
import { referenceOf, shownReferences, storedReference } from "./vault-references.ts";

/** What is stored of a variable beside its secret; `value` where it is not encrypted. */
export interface VariableContent extends Record<string, unknown> {
  type: VariableType | null;
  encrypted: boolean;
  value?: unknown;
}

/** A variable holds a JSON value, encrypted or not, or says where in a vault one is. */
export class Variables implements AssetRules<VariableResource, VariableSettings> {
  readonly kind = "variable";
  readonly #store: Pick<Store, "read">;

  constructor(store: Pick<Store, "read">) {
    this.#store = store;
  }

  async prepare(
    settings: Partial<VariableSettings>,
    former: FormerAsset | null,
    caller: Principal,
  ): Promise<PreparedAsset> {
    if (settings.vault !== undefined) {
      return this.#inVault(settings, caller);
    }
    const before = former === null || referenceOf(former.asset) !== null ? null : contentOf(former.asset);
    const encrypted = settings.encrypted ?? before?.encrypted ?? false;
    if ("value" in settings) {
      return prepared(typedValue(settings.value, settings.type), encrypted);
    }
    if (former === null || (before === null && Object.keys(settings).length > 0)) {
      throw invalidAsset("/value", "A variable needs a value, or the place of one in a vault.");
    }
    if (before === null) {
      const reference = referenceOf(former.asset);
      return { content: former.asset.content, uses: reference === null ? [] : [reference.vaultId], expiresAt: null };
    }
    if (before.encrypted && !encrypted) {
      throw invalidAsset(
        "/encrypted",
        "An encrypted variable can become a plain one with a new value only.",
        "Give the new value with it: nobody can read the present one.",
      );
    }
    if (settings.type !== undefined && settings.type !== before.type) {
      throw invalidAsset("/type", "The type of a variable changes with its value only.", "Give the value with it.");
    }
    return before.encrypted || !encrypted
      ? { content: before, uses: [], expiresAt: null }
      : prepared({ type: before.type, value: before.value }, true);
  }

  async resources(assets: readonly StoredAsset[]): Promise<VariableResource[]> {
    const references = await shownReferences(this.#store, assets);
    return assets.map((asset) => {
      const { type, encrypted, value } = contentOf(asset);
      const vault = references.get(asset.assetId) ?? null;
      return { ...commonResource(asset), type, encrypted, value: encrypted ? null : (value ?? null), vault };
    });
  }

  async #inVault(settings: Partial<VariableSettings>, caller: Principal): Promise<PreparedAsset> {
    if (settings.vault === undefined || "value" in settings || settings.type !== undefined) {
      throw invalidAsset("/vault", "A variable has a value of its own or one in a vault, not both.");
    }
    const vault = await storedReference(this.#store, settings.vault, caller);
    return { content: { type: null, encrypted: true, vault }, secret: null, uses: [vault.vaultId], expiresAt: null };
  }
}

/** What is stored of it. */
export function contentOf(asset: StoredAsset): VariableContent {
  return asset.content as VariableContent;
}

/** What to store of a value that is known to be of its type. */
export function prepared(
  { type, value }: { type: VariableType | null; value: unknown },
  encrypted: boolean,
): PreparedAsset {
  return {
    content: encrypted ? { type, encrypted } : { type, encrypted, value },
    secret: encrypted ? Buffer.from(JSON.stringify(value)) : null,
    uses: [],
    expiresAt: null,
  };
}

/** A value with its type, checked. @throws UserError `invalid-asset` */
export function typedValue(value: unknown, stated?: VariableType): { type: VariableType; value: unknown } {
  if (isTooDeep(value)) {
    throw invalidAsset("/value", "The value is nested too deep.");
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw invalidAsset("/value", "The number is too large.");
  }
  const found = jsonType(value);
  if (stated === undefined || stated === found) {
    return { type: found, value };
  }
  if (stated === "date-time" && typeof value === "string") {
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i.test(value) ? Date.parse(value) : NaN;
    if (Number.isFinite(time)) {
      return { type: "date-time", value: new Date(time).toISOString() };
    }
    throw invalidAsset("/value", "A date-time is a text such as 2026-11-29T20:40:00Z, with its offset from UTC.");
  }
  throw invalidAsset("/type", `The value is of the type ${found}, not ${stated}.`);
}

function jsonType(value: unknown): Exclude<VariableType, "date-time"> {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return typeof value as "string" | "number" | "boolean";
    default:
      return value === null || value === undefined ? "null" : "object";
  }
}
