import type { ConnectionField, ConnectionTypeResource, ConnectionTypeSettings } from "../contract/api/asset.ts";
import { assetNameKey } from "../store/asset-name-key.ts";
import type { StoredAsset } from "../store/operations/assets.ts";
import type { AssetRules, FormerAsset, PreparedAsset } from "./asset-rules.ts";
import { commonResource } from "./asset-rules.ts";
import { invalidAsset } from "./invalid-asset.ts";

/** A connection type says which fields a connection has. */
export class ConnectionTypes implements AssetRules<ConnectionTypeResource, ConnectionTypeSettings> {
  readonly kind = "connection-type";

  async prepare(settings: Partial<ConnectionTypeSettings>, former: FormerAsset | null): Promise<PreparedAsset> {
    const before = former === null ? null : fieldsOf(former.asset);
    const fields = settings.fields?.map(wholeField) ?? before;
    if (fields === null || fields.length === 0) {
      throw invalidAsset("/fields", "A connection type needs fields.");
    }
    const keys = fields.map(({ name }) => assetNameKey(name));
    const twice = keys.findIndex((key, index) => keys.indexOf(key) !== index);
    if (twice >= 0) {
      throw invalidAsset(`/fields/${twice}/name`, `The field ${fields[twice]?.name} is there twice.`);
    }
    // What connections hold was checked against the fields as they are, and sealed as they say.
    const whileUnused = before !== null && !onlyAddsOptional(before, fields);
    return { content: { fields }, uses: [], expiresAt: null, whileUnused };
  }

  async resources(assets: readonly StoredAsset[]): Promise<ConnectionTypeResource[]> {
    return assets.map((asset) => ({ ...commonResource(asset), fields: fieldsOf(asset) }));
  }
}

/** The fields of a connection type. */
export function fieldsOf({ content }: Pick<StoredAsset, "content">): ConnectionField[] {
  return content["fields"] as ConnectionField[];
}

function wholeField({
  name,
  type = "string",
  required = false,
  encrypted = false,
}: ConnectionTypeSettings["fields"][0]) {
  return { name, type, required, encrypted };
}

function onlyAddsOptional(before: readonly ConnectionField[], after: readonly ConnectionField[]): boolean {
  const text = (field: ConnectionField) => JSON.stringify(wholeField(field));
  const former = new Set(before.map(text));
  const added = after.filter((field) => !former.has(text(field)));
  const names = new Set(before.map(({ name }) => assetNameKey(name)));
  return (
    after.length - added.length === before.length &&
    added.every(({ name, required }) => !required && !names.has(assetNameKey(name)))
  );
}
