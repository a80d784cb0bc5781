import type { AuditAnchorResource, AuditFinding, AuditVerificationResource } from "../../contract/api/audit.ts";
import type { AuditAnchor, AuditKey, StoredAuditEntry } from "../../store/operations/audit.ts";
import type { Store } from "../../store/store.ts";
import { firstMac, isSame, isSigned, isStamped, macOf } from "./audit-seals.ts";

/** Entries that one request looks at. */
const portion = 2_000;

/** Findings that one request tells. */
const mostFindings = 100;

export interface VerificationRequest {
  /** The `next` of the portion before; from the beginning of the chain when left out. */
  after?: number;
  /** Anchors that were kept elsewhere: the chain has to go through them. */
  anchors?: AuditAnchorResource[];
}

/** Looks through the chain, a portion a request, for entries that were changed, removed or put in. */
export class AuditVerification {
  readonly #store: Pick<Store, "read" | "installationId">;
  readonly #key: AuditKey;

  constructor(store: Pick<Store, "read" | "installationId">, key: AuditKey) {
    this.#store = store;
    this.#key = key;
  }

  async verify({ after, anchors = [] }: VerificationRequest): Promise<AuditVerificationResource> {
    const findings = new Findings();
    const { purged } = await this.#store.read.auditAnchors();
    const begin = purged?.sequence ?? 0;
    const start = Math.max(after ?? begin, begin);
    if (start === begin && purged !== null && !this.#signs(purged, "purged")) {
      findings.add(
        null,
        "The place where the chain begins since entries were purged is not signed by this installation.",
      );
    }
    let mac = purged?.mac ?? firstMac;
    if (start > begin) {
      const [before] = await this.#store.read.chainedAuditEntries({ after: start - 1, limit: 1 });
      if (before?.sequence === start && before.mac !== null) mac = before.mac;
      else findings.add(null, `The entry ${start} is gone since it was looked at.`);
    }

    const entries = await this.#store.read.chainedAuditEntries({ after: start, limit: portion });
    let expected = start;
    for (const entry of entries) {
      expected += 1;
      this.#look(entry, { expected, before: mac }, findings);
      expected = entry.sequence ?? expected;
      mac = entry.mac ?? mac;
    }
    this.#lookAtAnchors(anchors, entries, { begin: purged, start, end: expected }, findings);
    if (entries.length === portion) {
      return { verified: entries.length, findings: findings.all, next: expected };
    }
    const goesOn = await this.#lookAtEnd({ end: expected, mac, anchors }, findings);
    return { verified: entries.length, findings: findings.all, next: goesOn ? expected : null };
  }

  #look(entry: StoredAuditEntry, place: { expected: number; before: Uint8Array }, findings: Findings): void {
    const { expected } = place;
    const sequence = entry.sequence ?? 0;
    if (sequence > expected) {
      const missing = sequence - expected;
      findings.add(
        entry,
        missing === 1 ? `Entry ${expected} was removed.` : `Entries ${expected} to ${sequence - 1} were removed.`,
      );
    } else if (sequence < expected) {
      findings.add(entry, `A second entry says that it is number ${sequence}: one of them was put in.`);
    }
    if (entry.keyId === null || entry.stamp === null) {
      findings.add(entry, "It was written by something without the installation's key.");
    } else if (!isStamped(entry, this.#key)) {
      findings.add(entry, "It was changed, or is not of this installation.");
    }
    const mac = macOf(entry, { sequence, before: place.before }, this.#key);
    if (sequence === expected && (entry.mac === null || !isSame(entry.mac, mac))) {
      findings.add(entry, "It does not follow from the entry before: one of them was changed or exchanged.");
    }
  }

  #lookAtAnchors(
    anchors: readonly AuditAnchorResource[],
    entries: readonly StoredAuditEntry[],
    { begin, start, end }: { begin: AuditAnchor | null; start: number; end: number },
    findings: Findings,
  ): void {
    for (const resource of anchors) {
      const anchor = anchorOf(resource);
      const known =
        anchor.sequence === begin?.sequence && start === begin.sequence
          ? begin.mac
          : anchor.sequence > start && anchor.sequence <= end
            ? entries.find(({ sequence }) => sequence === anchor.sequence)?.mac
            : undefined;
      if (start === (begin?.sequence ?? 0) && !this.#signs(anchor, "head")) {
        findings.add(null, `The kept anchor of entry ${anchor.sequence} is not signed by this installation.`);
      } else if (known !== undefined && known !== null && !isSame(known, anchor.mac)) {
        findings.add(
          null,
          `The chain does not go through the kept anchor of entry ${anchor.sequence}: it was made anew.`,
        );
      }
    }
  }

  /** @returns whether entries came to the chain meanwhile */
  async #lookAtEnd(
    { end, mac, anchors }: { end: number; mac: Uint8Array; anchors: readonly AuditAnchorResource[] },
    findings: Findings,
  ): Promise<boolean> {
    const { head } = await this.#store.read.auditAnchors();
    const signedEnd = head?.sequence ?? 0;
    if (signedEnd > end && (await this.#store.read.chainedAuditEntries({ after: end, limit: 1 })).length > 0) {
      return true;
    }
    if (head !== null && !this.#signs(head, "head")) {
      findings.add(null, "The end of the chain is not signed by this installation.");
    }
    if (signedEnd > end) {
      findings.add(
        null,
        `The chain ends at entry ${end}, but was signed up to ${signedEnd}: the last entries were removed.`,
      );
    } else if (signedEnd < end) {
      findings.add(
        null,
        `Entries ${signedEnd + 1} to ${end} stand behind the signed end of the chain: they were put in, or the end was put back.`,
      );
    } else if (head !== null && !isSame(head.mac, mac)) {
      findings.add(null, "The last entry is not the one that was signed.");
    }
    for (const { sequence } of anchors) {
      if (sequence > end) {
        findings.add(
          null,
          `The chain ends at entry ${end}, before the kept anchor of entry ${sequence}: an older state was put back.`,
        );
      }
    }
    for (const entry of await this.#store.read.unchainedAuditEntries({ limit: portion })) {
      if (!isStamped(entry, this.#key)) {
        findings.add(
          entry,
          "It is not in the chain yet, and was written by something without the installation's key, or changed.",
        );
      }
    }
    return false;
  }

  #signs(anchor: AuditAnchor, purpose: "head" | "purged"): boolean {
    return isSigned(anchor, { purpose, installationId: this.#store.installationId }, this.#key);
  }
}

/** An anchor as it was exported. */
export function anchorResource({ sequence, mac, keyId, signedAt, signature }: AuditAnchor): AuditAnchorResource {
  return {
    sequence,
    mac: Buffer.from(mac).toString("hex"),
    keyId,
    signedAt: new Date(signedAt).toISOString(),
    signature: Buffer.from(signature).toString("hex"),
  };
}

function anchorOf({ sequence, mac, keyId, signedAt, signature }: AuditAnchorResource): AuditAnchor {
  return {
    sequence,
    mac: Buffer.from(mac, "hex"),
    keyId,
    signedAt: Date.parse(signedAt),
    signature: Buffer.from(signature, "hex"),
  };
}

class Findings {
  readonly all: AuditFinding[] = [];

  add(entry: StoredAuditEntry | null, problem: string): void {
    if (this.all.length < mostFindings) {
      this.all.push({ sequence: entry?.sequence ?? null, entryId: entry?.entryId ?? null, problem });
    }
  }
}
