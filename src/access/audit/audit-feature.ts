import type { AuditAnchorResource, AuditEntryResource, AuditVerificationResource } from "../../contract/api/audit.ts";
import type { Page } from "../../contract/api/page.ts";
import { looksLikeId } from "../../contract/id.ts";
import type { Logger } from "../../contract/logger.ts";
import { UserError } from "../../contract/user-error.ts";
import type { AuditFilter, DeniedAttempt, StoredAuditEntry, StoredJobStart } from "../../store/operations/audit.ts";
import type { Store } from "../../store/store.ts";
import type { AuditChainOptions } from "./audit-chain.ts";
import { AuditChain } from "./audit-chain.ts";
import type { VerificationRequest } from "./audit-verification.ts";
import { AuditVerification, anchorResource } from "./audit-verification.ts";

/** Which entries: those that fit everything that is named. */
export interface AuditQuery {
  /** Name or id of the principal. */
  by?: string;
  action?: string;
  kind?: string;
  /** Name or id of the thing. */
  thing?: string;
  /** ISO 8601. */
  since?: string;
  until?: string;
  after?: string;
  limit: number;
}

/**
 * Who did what. Entries come from the store, which writes each in the transaction of the change that it tells. The starts of jobs are
 * told by the jobs themselves, since a second row for each would cost an acceptance as much again: they are listed where jobs are asked
 * for, are not in the chain, and go with their jobs.
 */
export class AuditFeature {
  readonly #store: Pick<Store, "read" | "write" | "installationId">;
  readonly #logger: Logger;
  readonly #chain: AuditChain;
  readonly #verification: AuditVerification;

  constructor(options: AuditChainOptions) {
    this.#store = options.store;
    this.#logger = options.logger;
    this.#chain = new AuditChain(options);
    this.#verification = new AuditVerification(options.store, options.key);
  }

  start(): void {
    this.#chain.start();
  }

  async stop(): Promise<void> {
    await this.#chain.stop();
  }

  /** Newest first. @throws UserError `invalid-filter` (400) */
  async list({ since, until, after, ...query }: AuditQuery): Promise<Page<AuditEntryResource>> {
    if (after !== undefined && !looksLikeId(after)) {
      throw new UserError("invalid-filter", `"${after}" is no place in a list.`, {
        remedy: "Give as `after` the `next` of the page before.",
      });
    }
    const filter: AuditFilter & { after?: string; limit: number } = {
      ...query,
      ...(since !== undefined && { since: Date.parse(since) }),
      ...(until !== undefined && { until: Date.parse(until) }),
      ...(after !== undefined && { after: after.toLowerCase() }),
    };
    const told = await this.#store.read.auditEntries(filter);
    const entries = { items: told.items.map(entryResource), next: told.next };
    if (query.kind !== "job" || !["start", "retry", undefined].includes(query.action)) {
      return entries;
    }
    const { action: _, kind: __, ...ofJobs } = filter;
    const starts = await this.#store.read.jobStarts(ofJobs);
    const items = starts.items
      .map(startResource)
      .filter(({ action }) => query.action === undefined || action === query.action);
    return merged([entries, { items, next: starts.next }], query.limit);
  }

  /** The end of the chain as it is now, for safekeeping elsewhere; null before there is an entry. */
  async anchor(): Promise<AuditAnchorResource | null> {
    await this.#chain.chainNew();
    const { head } = await this.#store.read.auditAnchors();
    return head === null ? null : anchorResource(head);
  }

  verify(request: VerificationRequest): Promise<AuditVerificationResource> {
    return this.#verification.verify(request);
  }

  /** Tells of requests that were denied. Never rejects. */
  async noteDenied(attempts: DeniedAttempt[]): Promise<void> {
    try {
      await this.#store.write.noteDeniedAttempts({ attempts });
    } catch (error) {
      this.#logger.warn("denied attempts could not be told by the audit", { attempts: attempts.length, error });
    }
  }
}

/** One page of several lists, each newest first: as far as all of them were looked at. */
function merged(lists: readonly Page<AuditEntryResource>[], limit: number): Page<AuditEntryResource> {
  const horizon = lists.reduce((known, { next }) => (next !== null && next > known ? next : known), "");
  const known = lists
    .flatMap(({ items }) => items)
    .filter(({ entryId }) => entryId >= horizon)
    .sort((one, other) => (one.entryId < other.entryId ? 1 : -1));
  const items = known.slice(0, limit);
  const isCut = known.length > limit;
  return { items, next: isCut ? (items.at(-1)?.entryId ?? null) : horizon === "" ? null : horizon };
}

function entryResource(entry: StoredAuditEntry): AuditEntryResource {
  const state = (text: string | null) => (text === null ? null : (JSON.parse(text) as unknown));
  return {
    entryId: entry.entryId,
    happenedAt: new Date(entry.happenedAt).toISOString(),
    by: {
      principalId: entry.principalId,
      name: entry.principalName,
      kind: entry.principalKind,
      signedInBy: entry.signedInBy,
      address: entry.address,
    },
    requestId: entry.requestId,
    action: entry.action,
    thing: { kind: entry.thingKind, id: entry.thingId, name: entry.thingName },
    before: state(entry.before),
    after: state(entry.after),
    sequence: entry.sequence,
  };
}

function startResource(job: StoredJobStart): AuditEntryResource {
  return {
    entryId: job.jobId,
    happenedAt: new Date(job.acceptedAt).toISOString(),
    by: {
      principalId: job.starterId,
      name: job.startedBy,
      kind: null,
      signedInBy: job.startedFrom?.signedInBy ?? null,
      address: job.startedFrom?.address ?? null,
    },
    requestId: job.startedFrom?.requestId ?? null,
    action: job.retryOf === null ? "start" : "retry",
    thing: { kind: "job", id: job.jobId, name: job.runbookName },
    before: null,
    after: {
      ...(job.retryOf !== null && { retryOf: job.retryOf }),
      ...(job.parentJobId !== null && { parentJobId: job.parentJobId }),
    },
    sequence: null,
  };
}
