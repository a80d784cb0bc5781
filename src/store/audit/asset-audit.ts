import type { AssetWrites, StoredAsset } from "../operations/assets.ts";
import type { AuditRules, ThingKind } from "./audit-rule.ts";
import { changeOf, notAudited } from "./audit-rule.ts";

/** The kind of the thing is that of the asset, such as `credential`. */
const asset = (kind: StoredAsset["kind"], hidesValue: boolean): ThingKind<StoredAsset> => ({
  kind,
  id: ({ assetId }) => assetId,
  name: ({ name }) => name,
  facts: ({ name, description, content, expiresAt, hasSecret, valueVersion }) => ({
    name,
    description,
    ...content,
    ...(expiresAt !== null && { expiresAt }),
    secret: hasSecret ? valueVersion : null,
  }),
  // Which version of it there is tells that it changed, and nothing of it. What was plain and is encrypted now is secret from now on.
  secrets: hidesValue ? ["secret", "value"] : ["secret"],
});

export const assetAudit: AuditRules<AssetWrites> = {
  createAsset: {
    look: ({ kind }, result) => (result === undefined ? null : { read: "asset", of: { kind, asset: result.assetId } }),
    tell: (told) => toldOf(told.argument.kind).tell(told),
  },
  changeAsset: {
    look: ({ kind, assetId }) => ({ read: "asset", of: { kind, asset: assetId } }),
    tell: (told) => toldOf(told.argument.kind, told.argument.content["encrypted"] === true).tell(told),
  },
  removeAsset: {
    look: ({ kind, assetId }) => ({ read: "asset", of: { kind, asset: assetId } }),
    tell: (told) => toldOf(told.argument.kind).tell(told),
  },
  warnOfExpiry: notAudited("the service does it by the time, and notices tell it"),
  rewrapAssets: notAudited("the values stay the same; the replacement of the master key is audited"),
};

function toldOf(kind: StoredAsset["kind"], isEncrypted = false) {
  return changeOf<StoredAsset, unknown, unknown>(asset(kind, isEncrypted), () => null);
}
