import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { stampOf } from "../../store/audit/audit-entry.ts";
import type { AuditAnchor, AuditKey, StoredAuditEntry } from "../../store/operations/audit.ts";

/*
 * How the audit is held against change. Each entry carries a stamp, made of all that it says when it is written, so that nobody without
 * the key adds one or changes one. Soon after, entries get a number and a MAC over the MAC before and their own stamp, so that nobody
 * takes one away or puts another in between. The end of that chain is signed, and so is its beginning where older entries were purged.
 */

/** The MAC before the first entry. */
export const firstMac: Uint8Array = new Uint8Array(32);

/** Which place an anchor signs: where the chain ends, or where it begins. */
export type AnchorPurpose = "head" | "purged";

/** The key of an installation, by what is derived of its master key. */
export function auditKey(derived: Uint8Array): AuditKey {
  return {
    id: createHash("sha256").update("runsmith audit key\n").update(derived).digest("hex").slice(0, 16),
    key: derived,
  };
}

/** Whether an entry says what it said when it was written; an entry without a stamp was written by something that has no key. */
export function isStamped(entry: StoredAuditEntry, { id, key }: AuditKey): boolean {
  return entry.keyId === id && entry.stamp !== null && isSame(entry.stamp, stampOf(entry, key));
}

/** The MAC of an entry at its place in the chain. */
export function macOf(
  entry: StoredAuditEntry,
  place: { sequence: number; before: Uint8Array },
  { key }: AuditKey,
): Uint8Array {
  return createHmac("sha256", key)
    .update(`runsmith audit chain\n${place.sequence}\n`)
    .update(place.before)
    .update(stampOf(entry, key))
    .digest();
}

/** Signs a place in the chain. */
export function signedAnchor(
  place: { sequence: number; mac: Uint8Array; signedAt: number },
  of: { purpose: AnchorPurpose; installationId: string },
  key: AuditKey,
): AuditAnchor {
  return { ...place, keyId: key.id, signature: signatureOf(place, of, key) };
}

/** Whether this installation signed the anchor. */
export function isSigned(
  anchor: AuditAnchor,
  of: { purpose: AnchorPurpose; installationId: string },
  key: AuditKey,
): boolean {
  return anchor.keyId === key.id && isSame(anchor.signature, signatureOf(anchor, of, key));
}

export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function signatureOf(
  { sequence, mac, signedAt }: { sequence: number; mac: Uint8Array; signedAt: number },
  { purpose, installationId }: { purpose: AnchorPurpose; installationId: string },
  { key }: AuditKey,
): Uint8Array {
  const said = [purpose, installationId, sequence, Buffer.from(mac).toString("hex"), signedAt];
  return createHmac("sha256", key).update("runsmith audit anchor\n").update(JSON.stringify(said)).digest();
}
