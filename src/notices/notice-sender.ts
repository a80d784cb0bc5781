import type { NoticeTarget } from "../contract/api/notice.ts";
import type { Logger } from "../contract/logger.ts";
import type { ClaimedNotice } from "../store/operations/notices.ts";
import type { Store } from "../store/store.ts";
import { backOff } from "./back-off.ts";
import type { Delivery, DeliveryResult } from "./delivery.ts";

export interface NoticeSenderOptions {
  store: Pick<Store, "read" | "write">;
  logger: Logger;
  installationId: string;
  /** Runsmith's. */
  version: string;
  /** Never rejects. */
  deliver(target: NoticeTarget, delivery: Delivery): Promise<DeliveryResult>;
  /** Told of each attempt. */
  delivered(target: NoticeTarget["kind"], outcome: DeliveryResult["outcome"]): void;
  /** Milliseconds to wait after so many failures in a row. */
  pauseAfter?: (failures: number) => number;
}

/** Deliveries at once. */
const mostAtOnce = 8;

/** Milliseconds that one attempt may take, and for which nobody else tries the same notice. */
const longestAttempt = 30_000;
const visibleFor = 60_000;

/** Milliseconds since a notice was made after which a failure is the last one. */
const givenUpAfter = 24 * 3_600_000;

/**
 * Delivers notices that are due, some at once. A notice is claimed before it is tried, so that of several services one tries it; whoever
 * dies in the middle leaves it to the next one, so a receiver may get it twice, under the same id.
 */
export class NoticeSender {
  readonly #options: NoticeSenderOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #ending = new AbortController();

  constructor(options: NoticeSenderOptions) {
    this.#options = options;
  }

  /** Begins to deliver what is due, as much as may be under way at once; says whether more may be due. */
  async sendDue(): Promise<boolean> {
    const limit = mostAtOnce - this.#underWay.size;
    if (limit <= 0 || this.#ending.signal.aborted) {
      return false;
    }
    const claimed = await this.#options.store.write.claimNotices({ limit, visibleFor });
    for (const notice of claimed) {
      const sending = this.send(notice).then(
        () => undefined,
        (error: unknown) => {
          this.#options.logger.error("how a notice was delivered could not be stored", { error: String(error) });
        },
      );
      this.#underWay.add(sending);
      void sending.then(() => this.#underWay.delete(sending));
    }
    return claimed.length > 0;
  }

  /** Tries a notice that was claimed, and stores how that went. */
  async send({ notice, rule }: ClaimedNotice): Promise<DeliveryResult> {
    const { store, logger, installationId, version, pauseAfter = backOff } = this.#options;
    const signal = AbortSignal.any([AbortSignal.timeout(longestAttempt), this.#ending.signal]);
    const result = await this.#options.deliver(rule.target, { notice, rule, installationId, version, signal });
    this.#options.delivered(rule.target.kind, result.outcome);
    const retryIn = pauseAfter(notice.attempts);
    const age = Date.now() - notice.createdAt;
    const isLast = notice.event === "test" || age + retryIn > givenUpAfter;
    if (result.outcome === "failed") {
      const facts = {
        noticeId: notice.noticeId,
        rule: rule.name,
        attempt: notice.attempts,
        reason: result.detail ?? "",
      };
      logger.warn(isLast ? "a notice could not be delivered" : "a notice could not be delivered yet", facts);
    }
    await store.write.settleNotice({
      noticeId: notice.noticeId,
      attempt: notice.attempts,
      ...result,
      retryIn: isLast ? null : retryIn,
      ruleRetryIn: pauseAfter(rule.failures + 1),
    });
    return result;
  }

  /** Waits until what is under way has come to an end. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Breaks off what is under way; it is tried again later. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.settled();
  }
}
