import { randomBytes } from "node:crypto";
import type { Store } from "../store/store.ts";
import type { SealedPlace } from "./sealed-place.ts";
import { associatedData } from "./sealed-place.ts";
import { AlteredValue, masterKeyIdOf, openValue } from "./sealed-value.ts";
import type { SealingKeys } from "./sealer.ts";
import { masterKeyMissing } from "./sealer.ts";

/*
 * What `deriveKey` starts from: 32 random bytes, sealed like every secret. Since they stay when the master key is replaced, so do the
 * keys that are derived of them, and what was signed by these can be verified after a rotation.
 */

export function newRoot(): Uint8Array {
  return randomBytes(32);
}

export function rootPlace(secretId: string, version: number): SealedPlace {
  return { table: "sealing_secrets", column: "sealed", rowId: secretId, version };
}

/** @throws UserError `master-key-missing` (503); an error when it was altered: then nothing that it protects can be believed */
export async function readRoot(
  store: Pick<Store, "read" | "installationId">,
  { readable, retired }: SealingKeys,
): Promise<Uint8Array> {
  const root = await store.read.sealingSecret({ name: "root" });
  if (root === null) {
    throw new Error("The database has master keys and no root secret.");
  }
  const keyId = masterKeyIdOf(root.sealed) ?? "(unknown)";
  const key = readable.get(keyId);
  if (retired.has(keyId)) {
    throw new AlteredValue(`The root secret is sealed by the master key ${keyId}, which is retired.`);
  }
  if (key === undefined) {
    throw masterKeyMissing(keyId);
  }
  return openValue(root.sealed, associatedData(store.installationId, rootPlace(root.secretId, root.version)), key);
}
