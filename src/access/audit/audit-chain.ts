import type { Logger } from "../../contract/logger.ts";
import { Duty } from "../../jobs/duty.ts";
import type { Leadership } from "../../services/duty-leader.ts";
import type { AuditAnchor, AuditKey } from "../../store/operations/audit.ts";
import type { Store } from "../../store/store.ts";
import { firstMac, isStamped, macOf, signedAnchor } from "./audit-seals.ts";

/** Milliseconds between two looks for entries that are not in the chain yet. */
const interval = 1_000;

/** Milliseconds between two looks for entries that have been kept long enough. */
const purgeInterval = 60_000;

/** Entries chained, or purged, in one transaction. */
const atOnce = 500;

/** Milliseconds after which the log gets another anchor, when there is something new to sign. */
const exportInterval = 3_600_000;

export interface AuditChainOptions {
  store: Pick<Store, "read" | "write" | "installationId">;
  key: AuditKey;
  leadership: Leadership;
  logger: Logger;
  /** Milliseconds for which entries are kept; null for ever. */
  retention: number | null;
}

/**
 * Puts new entries in the chain, in order and within about a second; purges old ones and leaves a signed anchor in their place; and
 * exports anchors to the log, which is somewhere else than the database. One of several services does it; when two do, one of them is
 * told that the other was first.
 */
export class AuditChain {
  readonly #options: AuditChainOptions;
  readonly #duties: Duty[];
  #exported = { at: Number.NEGATIVE_INFINITY, sequence: 0 };
  #forged = 0;

  constructor(options: AuditChainOptions) {
    this.#options = options;
    const { leadership, logger } = options;
    this.#duties = [
      new Duty("chaining the audit", interval, async () => (leadership.leads ? this.chainNew() : undefined), logger),
      new Duty(
        "purging the audit",
        purgeInterval,
        async (isStopped) => {
          while (leadership.leads && !isStopped() && (await this.purgeOld())) {
            // Each portion is a transaction of its own; others go in between.
          }
        },
        logger,
      ),
    ];
  }

  start(): void {
    for (const duty of this.#duties) duty.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#duties.map((duty) => duty.stop()));
  }

  /** Chains what is not in the chain yet. */
  async chainNew(): Promise<void> {
    const { store, key, installationId } = { ...this.#options, installationId: this.#options.store.installationId };
    for (;;) {
      const entries = await store.read.unchainedAuditEntries({ limit: atOnce });
      if (entries.length === 0) {
        return;
      }
      const { head } = await store.read.auditAnchors();
      let mac = head?.mac ?? firstMac;
      let sequence = head?.sequence ?? 0;
      const links = entries.map((entry) => {
        sequence += 1;
        mac = macOf(entry, { sequence, before: mac }, key);
        return { entryId: entry.entryId, sequence, mac };
      });
      const signed = signedAnchor({ sequence, mac, signedAt: Date.now() }, { purpose: "head", installationId }, key);
      const chained = await store.write.chainAuditEntries({ after: head?.sequence ?? 0, entries: links, head: signed });
      this.#warnOfForged(entries.filter((entry) => !isStamped(entry, key)).length);
      if (chained) {
        this.#export(signed);
      }
      if (!chained || entries.length < atOnce) {
        return;
      }
    }
  }

  /** Purges one portion of what is older than it is kept; says whether there may be more. */
  async purgeOld(now = Date.now()): Promise<boolean> {
    const { store, key, retention } = this.#options;
    if (retention === null) {
      return false;
    }
    const boundary = await store.read.auditPurgeBoundary({ before: now - retention, limit: atOnce });
    if (boundary === null) {
      return false;
    }
    const of = { purpose: "purged", installationId: store.installationId } as const;
    const purged = await store.write.purgeAuditEntries({
      anchor: signedAnchor({ ...boundary, signedAt: now }, of, key),
    });
    return purged === atOnce;
  }

  #warnOfForged(count: number): void {
    if (count > 0) {
      this.#forged += count;
      this.#options.logger.warn("entries of the audit were written without the installation's key", {
        entries: count,
        since: "the start of this service",
        inAll: this.#forged,
      });
    }
  }

  #export({ sequence, mac, keyId, signedAt, signature }: AuditAnchor): void {
    const now = performance.now();
    if (now - this.#exported.at < exportInterval) {
      return;
    }
    this.#exported = { at: now, sequence };
    this.#options.logger.info("an anchor of the audit", {
      sequence,
      mac: Buffer.from(mac).toString("hex"),
      keyId,
      signedAt: new Date(signedAt).toISOString(),
      signature: Buffer.from(signature).toString("hex"),
    });
  }
}
