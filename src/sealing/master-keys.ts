import { rm } from "node:fs/promises";
import { UserError } from "../contract/user-error.ts";
import { newId } from "../store/new-id.ts";
import type { StoredMasterKey } from "../store/operations/sealing.ts";
import type { Store } from "../store/store.ts";
import type { KeySource } from "./key-source.ts";
import { writeNewKeyFile } from "./key-source.ts";
import type { MasterKey } from "./master-key.ts";
import { newMasterKey, parseMasterKeys } from "./master-key.ts";
import { newRoot, rootPlace } from "./root-secret.ts";
import { associatedData } from "./sealed-place.ts";
import { masterKeyIdOf, sealValue } from "./sealed-value.ts";
import type { SealingKeys } from "./sealer.ts";
import { masterKeyMissing } from "./sealer.ts";

/** Where the master key is, and where one may be made for a database that has none. */
export interface MasterKeyOptions {
  source: KeySource;
  /** The file of the source, where Runsmith may make the key itself; null where whoever runs the service gives it. */
  makeAt: string | null;
}

/** What was found or made. */
export interface OpenedKeys {
  keys: SealingKeys;
  /** The file with the key that was made just now, else null. */
  madeAt: string | null;
}

/**
 * Reads the master keys and finds the one that seals; where nothing was sealed yet, the first one that is given, or a new one.
 * @throws UserError `master-key-missing` (503) when the database holds secrets sealed by another key, `master-key-unreadable`,
 * `master-key-invalid`, `master-key-needed`
 */
export async function openMasterKeys(
  store: Pick<Store, "read" | "write" | "installationId">,
  { source, makeAt }: MasterKeyOptions,
): Promise<OpenedKeys> {
  const known = await store.read.masterKeys();
  const text = await source.read();
  if (known.length > 0) {
    const readable = text === null ? [] : parseMasterKeys(text, source.shown);
    return { keys: sealingKeysOf(known, readable, source), madeAt: null };
  }
  const root = await store.read.sealingSecret({ name: "root" });
  if (root !== null) {
    // The list of keys is gone, and what they sealed is not.
    throw masterKeyMissing(masterKeyIdOf(root.sealed) ?? "(unknown)", source.shown);
  }
  return begin(store, source, text, makeAt);
}

/** Which of the readable keys does what. @throws UserError `master-key-missing` (503) */
export function sealingKeysOf(
  known: readonly StoredMasterKey[],
  readable: readonly MasterKey[],
  source: KeySource,
): SealingKeys {
  const byId = new Map(readable.map((key) => [key.id, key]));
  const needed = known.filter(({ state }) => state === "current" || state === "retiring").map(({ keyId }) => keyId);
  const missing = needed.find((keyId) => !byId.has(keyId));
  const current = byId.get(known.find(({ state }) => state === "current")?.keyId ?? "");
  if (missing !== undefined || current === undefined) {
    throw masterKeyMissing(missing ?? "(none)", source.shown);
  }
  const retired = known.filter(({ state }) => state === "retired").map(({ keyId }) => keyId);
  return { readable: byId, current, retired: new Set(retired) };
}

async function begin(
  store: Pick<Store, "write" | "installationId">,
  source: KeySource,
  given: string | null,
  makeAt: string | null,
): Promise<OpenedKeys> {
  const made = given === null && makeAt !== null && (await writeNewKeyFile(makeAt, newMasterKey()));
  const text = given ?? (makeAt === null ? null : await source.read());
  if (text === null) {
    throw new UserError("master-key-needed", `There is no master key: ${source.shown} does not exist.`, {
      status: 500,
      remedy: "Make one: openssl rand -base64 32 > FILE, readable by the service's account only (0600).",
    });
  }
  const readable = parseMasterKeys(text, source.shown);
  const [first] = readable;
  if (first === undefined) {
    throw new TypeError("No key was parsed, and none refused.");
  }
  const rootId = newId();
  const root = sealValue(newRoot(), associatedData(store.installationId, rootPlace(rootId, 1)), first);
  const known = await store.write.beginSealing({ keyId: first.id, rootId, root });
  try {
    return { keys: sealingKeysOf(known, readable, source), madeAt: made ? makeAt : null };
  } catch (error) {
    // Another service over the same database was first, with a key of its own: this one seals nothing.
    if (made && makeAt !== null) {
      await rm(makeAt, { force: true });
    }
    throw error;
  }
}
