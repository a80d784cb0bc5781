import { authorize, permits } from "../access/authorize.ts";
import type { Target } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";
import type {
  ConnectionField,
  ConnectionFieldValue,
  ConnectionResource,
  ConnectionSettings,
} from "../contract/api/asset.ts";
import { assetNameKey } from "../store/asset-name-key.ts";
import { noSuchAsset } from "../store/asset-refusals.ts";
import type { StoredAsset } from "../store/operations/assets.ts";
import type { Store } from "../store/store.ts";
import type { AssetRules, FormerAsset, PreparedAsset } from "./asset-rules.ts";
import { commonResource } from "./asset-rules.ts";
import { fieldsOf } from "./connection-types.ts";
import { invalidAsset } from "./invalid-asset.ts";
import { referenceOf, shownReferences, storedReference } from "./vault-references.ts";

type Fields = Record<string, ConnectionFieldValue>;

/** What is stored of a connection beside its secret fields. */
export interface ConnectionContent extends Record<string, unknown> {
  typeId: string;
  /** Those that are not secret. */
  fields: Fields;
  /** Names of the secret ones that have a value here. */
  secretFields: string[];
}

/** A connection has the fields that its type says; those that the type calls encrypted are secret. */
export class Connections implements AssetRules<ConnectionResource, ConnectionSettings> {
  readonly kind = "connection";
  readonly #store: Pick<Store, "read">;

  constructor(store: Pick<Store, "read">) {
    this.#store = store;
  }

  async prepare(
    settings: Partial<ConnectionSettings>,
    former: FormerAsset | null,
    caller: Principal,
  ): Promise<PreparedAsset> {
    const type = former === null ? await this.#givenType(settings, caller) : await this.#typeOf(former, settings);
    const vault =
      settings.vault === undefined
        ? former === null
          ? null
          : referenceOf(former.asset)
        : await storedReference(this.#store, settings.vault, caller);
    const uses = [type.assetId, ...(vault === null ? [] : [vault.vaultId])];
    const checkedBy = { kind: type.kind, assetId: type.assetId, revision: type.revision };
    if (former !== null && settings.fields === undefined) {
      const content = { ...former.asset.content, ...(vault !== null && { vault }) };
      return { content, uses, expiresAt: null };
    }
    const declared = fieldsOf(type);
    const before = former === null ? {} : { ...connectionContent(former.asset).fields, ...secretFieldsOf(former) };
    const values = withoutNulls({ ...before, ...checkedFields(settings.fields ?? {}, declared) });
    const missing = declared.filter(({ name, required }) => required && values[name] === undefined);
    if (missing.length > 0 && vault === null) {
      const names = missing.map(({ name }) => name).join(", ");
      throw invalidAsset("/fields", `Required fields have no value: ${names}.`);
    }
    const secret = new Set(declared.filter(({ encrypted }) => encrypted).map(({ name }) => name));
    // Once secret, always secret.
    for (const name of former === null ? [] : connectionContent(former.asset).secretFields) {
      secret.add(name);
    }
    const entries = Object.entries(values);
    const secrets = entries.filter(([name]) => secret.has(name));
    const content: ConnectionContent = {
      typeId: type.assetId,
      fields: Object.fromEntries(entries.filter(([name]) => !secret.has(name))),
      secretFields: secrets.map(([name]) => name),
      ...(vault !== null && { vault }),
    };
    const sealed = secrets.length === 0 ? null : Buffer.from(JSON.stringify(Object.fromEntries(secrets)));
    return { content, secret: sealed, uses, expiresAt: null, checkedBy };
  }

  async resources(assets: readonly StoredAsset[]): Promise<ConnectionResource[]> {
    const typeIds = [...new Set(assets.map((asset) => connectionContent(asset).typeId))];
    const types = typeIds.length === 0 ? [] : await this.#store.read.assetNames({ assetIds: typeIds });
    const names = new Map(types.map(({ assetId, name }) => [assetId, name]));
    const references = await shownReferences(this.#store, assets);
    return assets.map((asset) => {
      const { typeId, fields, secretFields } = connectionContent(asset);
      return {
        ...commonResource(asset),
        connectionType: names.get(typeId) ?? `${typeId} (removed)`,
        fields,
        secretFields,
        vault: references.get(asset.assetId) ?? null,
      };
    });
  }

  async #givenType({ connectionType }: Partial<ConnectionSettings>, caller: Principal): Promise<StoredAsset> {
    if (connectionType === undefined) {
      throw invalidAsset("/connectionType", "A connection needs a connection type.");
    }
    const type = await this.#store.read.asset({ kind: "connection-type", asset: connectionType });
    const target: Target = { kind: "asset", assetKind: "connection-type", assetId: type?.assetId ?? "" };
    if (type === null || !permits(caller, "read", target)) {
      throw noSuchAsset("connection-type", connectionType);
    }
    authorize(caller, "read", target, `the connection type ${type.name}`);
    return type;
  }

  async #typeOf({ asset }: FormerAsset, { connectionType }: Partial<ConnectionSettings>): Promise<StoredAsset> {
    const { typeId } = connectionContent(asset);
    const type = await this.#store.read.asset({ kind: "connection-type", asset: typeId });
    if (type === null) {
      throw invalidAsset("/connectionType", `The connection type of ${asset.name} was removed.`, "Make it anew.");
    }
    const asked = connectionType === undefined ? typeId : connectionType.toLowerCase();
    if (asked !== typeId && assetNameKey(connectionType ?? "") !== assetNameKey(type.name)) {
      throw invalidAsset(
        "/connectionType",
        "A connection keeps its type.",
        "Remove it, and make one of the other type.",
      );
    }
    return type;
  }
}

/** What is stored of it. */
export function connectionContent(asset: Pick<StoredAsset, "content">): ConnectionContent {
  return asset.content as ConnectionContent;
}

/** The secret fields of a connection, opened. */
export function secretFieldsOf(former: FormerAsset): Fields {
  const secret = former.secret();
  return secret === null ? {} : (JSON.parse(Buffer.from(secret).toString()) as Fields);
}

/** Values by the names as the type has them. @throws UserError `invalid-asset` */
export function checkedFields(given: Fields, declared: readonly ConnectionField[]): Fields {
  const byKey = new Map(declared.map((field) => [assetNameKey(field.name), field]));
  const checked: Fields = {};
  for (const [name, value] of Object.entries(given)) {
    const field = byKey.get(assetNameKey(name));
    const pointer = `/fields/${name}`;
    if (field === undefined) {
      const known = declared.map((each) => each.name).join(", ");
      throw invalidAsset(pointer, `The connection type has no field ${name}.`, `Its fields: ${known}`);
    }
    if (value !== null && typeof value !== field.type) {
      throw invalidAsset(pointer, `The field ${field.name} takes a ${field.type}.`);
    }
    checked[field.name] = value;
  }
  return checked;
}

function withoutNulls(values: Fields): Fields {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
