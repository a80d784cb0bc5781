import { createHmac } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Actor } from "../actor.ts";
import { serviceItself } from "../actor.ts";
import type { AuditKey, StoredAuditEntry } from "../operations/audit.ts";
import type { ToldChange } from "./audit-rule.ts";

/** Told in place of a secret, and of what is not text. */
export const changedSecret = "changed";

/** Characters: of one text within `before` or `after`, and of either as a whole. */
const longestText = 2_000;
const longestState = 32_000;

/** Characters of a name. */
const longestName = 256;

/** What an entry is made with. */
export interface EntryOrigin {
  actor: Actor | undefined;
  entryId: string;
  /** By the database's clock. */
  now: number;
  key: AuditKey | null;
}

/** The entry of a change, stamped; null when nothing is different after it. */
export function auditEntry(change: ToldChange, { actor = serviceItself, entryId, now, key }: EntryOrigin) {
  const states = difference(change);
  if (states === null) {
    return null;
  }
  const entry: Omit<StoredAuditEntry, "keyId" | "stamp" | "sequence" | "mac"> = {
    entryId,
    happenedAt: now,
    principalId: change.by === undefined ? actor.principalId : change.by.principalId,
    principalName: nameText(change.by?.principalName ?? actor.name),
    principalKind: change.by?.principalKind ?? actor.kind,
    signedInBy: change.by === undefined ? actor.signedInBy : null,
    address: change.by === undefined ? actor.address : change.by.address,
    requestId: change.by === undefined ? actor.requestId : null,
    action: change.action,
    thingKind: change.kind,
    thingId: change.id,
    thingName: change.name === null ? null : nameText(change.name),
    before: stateText(states.before),
    after: stateText(states.after),
  };
  return { ...entry, keyId: key?.id ?? null, stamp: key === null ? null : stampOf(entry, key.key) };
}

/** The HMAC-SHA256 of everything that an entry says. */
export function stampOf(
  entry: Omit<StoredAuditEntry, "keyId" | "stamp" | "sequence" | "mac">,
  key: Uint8Array,
): Uint8Array {
  const said = [
    entry.entryId,
    entry.happenedAt,
    entry.principalId,
    entry.principalName,
    entry.principalKind,
    entry.signedInBy,
    entry.address,
    entry.requestId,
    entry.action,
    entry.thingKind,
    entry.thingId,
    entry.thingName,
    entry.before,
    entry.after,
  ];
  return createHmac("sha256", key).update("runsmith audit entry\n").update(JSON.stringify(said)).digest();
}

type State = Record<string, unknown>;

/** Of both states what differs; null when nothing does. */
function difference({ before, after, secrets = [] }: ToldChange): { before: State | null; after: State | null } | null {
  const old = before as State | null;
  const now = after as State | null;
  const told: { before: State; after: State } = { before: {}, after: {} };
  for (const name of new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])) {
    if (isDeepStrictEqual(old?.[name], now?.[name])) {
      continue;
    }
    if (secrets.includes(name) && isNothing(old?.[name]) && isNothing(now?.[name])) {
      continue;
    }
    if (secrets.includes(name) || holdsBytes(old?.[name]) || holdsBytes(now?.[name])) {
      told.after[name] = changedSecret;
      continue;
    }
    if (old?.[name] !== undefined) told.before[name] = shortened(old[name]);
    if (now?.[name] !== undefined) told.after[name] = shortened(now[name]);
  }
  if (old !== null && now !== null && Object.keys(told.before).length + Object.keys(told.after).length === 0) {
    return null;
  }
  return { before: old === null ? null : told.before, after: now === null ? null : told.after };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function holdsBytes(value: unknown): boolean {
  return (
    ArrayBuffer.isView(value) || (typeof value === "object" && value !== null && Object.values(value).some(holdsBytes))
  );
}

function shortened(value: unknown): unknown {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === undefined || text.length <= longestText) {
    return value;
  }
  return `${text.slice(0, longestText).toWellFormed()}… (${text.length} characters)`;
}

function stateText(state: State | null): string | null {
  if (state === null) {
    return null;
  }
  const text = JSON.stringify(state);
  return text.length <= longestState
    ? text
    : JSON.stringify({ changed: Object.keys(state).slice(0, 100), characters: text.length });
}

function nameText(name: string): string {
  return name.toWellFormed().slice(0, longestName).toWellFormed();
}
