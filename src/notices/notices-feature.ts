import type {
  NoticeDeliveryResource,
  NoticeResource,
  NoticeRuleResource,
  NoticeRuleSettings,
  NoticeStatus,
  NoticeTarget,
} from "../contract/api/notice.ts";
import type { Page } from "../contract/api/page.ts";
import { isId } from "../contract/id.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import { Duty } from "../jobs/duty.ts";
import type { Leadership } from "../services/duty-leader.ts";
import { newId } from "../store/new-id.ts";
import { noSuchNoticeRule } from "../store/notice-refusals.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { NewNotice, NoticeReads, StoredNoticeRule } from "../store/operations/notices.ts";
import type { Store } from "../store/store.ts";
import type { Delivery, DeliveryResult } from "./delivery.ts";
import { mailNotice } from "./mail.ts";
import type { MailSettings } from "./mail-settings.ts";
import { NoticeMaker } from "./notice-maker.ts";
import { noticeDeliveryResource, noticeResource, noticeRuleResource } from "./notice-resources.ts";
import type { NoticeRuleChange, NoticeTargetInput } from "./notice-rules.ts";
import { checkRule, checkRuleName, newRule, wholeTarget } from "./notice-rules.ts";
import { NoticeSecrets } from "./notice-secrets.ts";
import { NoticeSender } from "./notice-sender.ts";
import { postNotice } from "./web-hook.ts";

/*
 * Notices: who is told when jobs fail, are late or are missed, and when workers are lost.
 *
 *   the store      notes what happened in the transaction in which it happened (`notice_events`)
 *   notice-maker   makes notices of that by the rules, throttled; and of jobs that are late
 *   notice-sender  claims notices that are due, delivers them (web-hook, mail), tries again with growing pauses
 *
 * Of several services over one database the leader does both. That is for economy: what a notice is made of goes in the transaction
 * that makes it, and a delivery is claimed first.
 */

export interface NoticesOptions {
  store: Pick<Store, "read" | "write" | "once" | "installationId">;
  logger: Logger;
  leadership: Leadership;
  /** Runsmith's. */
  version: string;
  /** Null when this service cannot send mail. */
  mail: MailSettings | null;
  /** Folder of the secrets that rules name; null when there is none. */
  secretsFolder: string | null;
  /** Told of each attempt to deliver. */
  delivered?(target: NoticeTarget["kind"], outcome: DeliveryResult["outcome"]): void;
  /** Milliseconds between two looks for something to tell; what happens at this service is told at once. */
  interval?: number;
  /** Milliseconds between two looks for late jobs. */
  lateInterval?: number;
  /** Milliseconds to wait after so many failures in a row. */
  pauseAfter?: (failures: number) => number;
}

export interface NewNoticeRule extends NoticeRuleChange {
  name: string;
  target: NoticeTargetInput;
  changedBy: string;
}

export interface NoticesFeature {
  /** @throws UserError `notice-rule-exists` (409), `runbook-not-found` (404), and what `checkRule` throws */
  createRule(rule: NewNoticeRule, idempotency?: IdempotencyKey): Promise<NoticeRuleResource>;
  /**
   * Changes the settings that are given; a target as a whole.
   * @throws UserError `notice-rule-not-found` (404), `revision-mismatch` (412), and what `createRule` throws
   */
  changeRule(
    change: NoticeRuleChange & { rule: string; changedBy: string; expectedRevision?: number },
  ): Promise<NoticeRuleResource>;
  /** @throws UserError `notice-rule-not-found` (404), `revision-mismatch` (412) */
  removeRule(of: { rule: string; expectedRevision?: number }): Promise<void>;
  /** By name. */
  listRules(of: { after?: string; limit: number }): Promise<Page<NoticeRuleResource>>;
  /** @throws UserError `notice-rule-not-found` (404) */
  getRule(rule: string): Promise<NoticeRuleResource>;
  /** Delivers a test to the rule's target, once, also when it is switched off, and gives the notice as it is then. */
  testRule(rule: string): Promise<NoticeResource>;
  /** Newest first. @throws UserError `notice-rule-not-found` (404), `invalid-page-key` */
  listNotices(of: {
    rule?: string;
    status?: NoticeStatus;
    /** Only those about these runbooks, and about workers of these groups; all when it is left out. */
    visibleTo?: Parameters<NoticeReads["notices"]>[0]["visibleTo"] & {};
    after?: string;
    limit: number;
  }): Promise<Page<NoticeResource>>;
  /** @throws UserError `notice-not-found` (404) */
  getNotice(noticeId: string): Promise<NoticeResource>;
  /** The same with the id of the runbook or of the worker that it is about. @throws UserError `notice-not-found` (404) */
  noticeAbout(noticeId: string): Promise<{ notice: NoticeResource; aboutId: string }>;
  /** @throws UserError `notice-not-found` (404) */
  listDeliveries(noticeId: string): Promise<Page<NoticeDeliveryResource>>;
  /** Notices that wait for their delivery. */
  waiting(): Promise<number>;

  /** Something has happened here that notices may tell of. */
  wake(): void;
  start(): void;
  /** Breaks off deliveries that are under way; they are tried again after the next start. */
  stop(): Promise<void>;
}

const defaultInterval = 1_000;
const defaultLateInterval = 5_000;

export function createNoticesFeature(options: NoticesOptions): NoticesFeature {
  return new Notices(options);
}

class Notices implements NoticesFeature {
  readonly #store: NoticesOptions["store"];
  readonly #leadership: Leadership;
  readonly #mail: MailSettings | null;
  readonly #secrets: NoticeSecrets;
  readonly #maker: NoticeMaker;
  readonly #sender: NoticeSender;
  readonly #duties: Duty[];
  readonly #logger: Logger;
  #working: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(options: NoticesOptions) {
    const { store, logger } = options;
    this.#store = store;
    this.#logger = logger;
    this.#leadership = options.leadership;
    this.#mail = options.mail;
    this.#secrets = new NoticeSecrets(options.secretsFolder);
    this.#maker = new NoticeMaker(store);
    this.#sender = new NoticeSender({
      store,
      logger,
      installationId: store.installationId,
      version: options.version,
      deliver: (target, delivery) => this.#deliver(target, delivery),
      delivered: (target, outcome) => {
        options.delivered?.(target, outcome);
        // A place is free for the next one.
        this.wake();
      },
      ...(options.pauseAfter !== undefined && { pauseAfter: options.pauseAfter }),
    });
    const lateJobs = async (isStopped: () => boolean) => {
      if (this.#leadership.leads) {
        await this.#maker.tellLateJobs(isStopped);
        this.wake();
      }
    };
    this.#duties = [
      new Duty("telling what has happened", options.interval ?? defaultInterval, () => this.#work(), logger),
      new Duty("looking for late jobs", options.lateInterval ?? defaultLateInterval, lateJobs, logger),
    ];
  }

  async createRule(
    { name, changedBy, ...rule }: NewNoticeRule,
    idempotency?: IdempotencyKey,
  ): Promise<NoticeRuleResource> {
    checkRuleName(name);
    const settings = await this.#checked({ ...newRule, target: wholeTarget(rule.target) }, rule);
    const writes = idempotency === undefined ? this.#store.write : this.#store.once(idempotency);
    return noticeRuleResource(await writes.createNoticeRule({ ...settings, name, changedBy }));
  }

  async changeRule(
    change: NoticeRuleChange & { rule: string; changedBy: string; expectedRevision?: number },
  ): Promise<NoticeRuleResource> {
    const former = await this.#rule(change.rule);
    const settings = await this.#checked(settingsOf(former), change);
    return noticeRuleResource(
      await this.#store.write.changeNoticeRule({
        ...settings,
        ruleId: former.ruleId,
        changedBy: change.changedBy,
        expectedRevision: change.expectedRevision ?? former.revision,
      }),
    );
  }

  removeRule(of: { rule: string; expectedRevision?: number }): Promise<void> {
    return this.#store.write.removeNoticeRule(of);
  }

  async listRules(of: { after?: string; limit: number }): Promise<Page<NoticeRuleResource>> {
    const { items, next } = await this.#store.read.noticeRules(of);
    return { items: items.map(noticeRuleResource), next };
  }

  async getRule(rule: string): Promise<NoticeRuleResource> {
    return noticeRuleResource(await this.#rule(rule));
  }

  async testRule(name: string): Promise<NoticeResource> {
    const rule = await this.#rule(name);
    const notice = testNotice(rule);
    const { noticeId } = notice;
    await this.#store.write.makeNotices({ events: [], notices: [notice] });
    for (const claimed of await this.#store.write.claimNotices({ limit: 1, visibleFor: 60_000, noticeId })) {
      await this.#sender.send(claimed);
    }
    return this.getNotice(noticeId);
  }

  async listNotices(of: {
    rule?: string;
    status?: NoticeStatus;
    visibleTo?: Parameters<NoticeReads["notices"]>[0]["visibleTo"] & {};
    after?: string;
    limit: number;
  }): Promise<Page<NoticeResource>> {
    if (of.after !== undefined && !isId(of.after)) {
      throw new UserError("invalid-page-key", "The key of the page is not one that a page gave.", {
        remedy: "Use `next` of the page before, or leave `after` out.",
      });
    }
    const { rule, ...page } = of;
    const ruleId = rule === undefined ? undefined : isId(rule) ? rule : (await this.#rule(rule)).ruleId;
    const { items, next } = await this.#store.read.notices({ ...page, ...(ruleId !== undefined && { ruleId }) });
    return { items: items.map(noticeResource), next };
  }

  async getNotice(noticeId: string): Promise<NoticeResource> {
    return (await this.noticeAbout(noticeId)).notice;
  }

  async noticeAbout(noticeId: string): Promise<{ notice: NoticeResource; aboutId: string }> {
    const id = noticeId.toLowerCase();
    const notice = isId(id) ? await this.#store.read.notice({ noticeId: id }) : null;
    if (notice === null) {
      throw noticeNotFound(noticeId);
    }
    return { notice: noticeResource(notice), aboutId: notice.aboutId };
  }

  async listDeliveries(noticeId: string): Promise<Page<NoticeDeliveryResource>> {
    const notice = await this.getNotice(noticeId);
    const deliveries = await this.#store.read.noticeDeliveries({ noticeId: notice.noticeId });
    return { items: deliveries.map(noticeDeliveryResource), next: null };
  }

  waiting(): Promise<number> {
    return this.#store.read.waitingNotices();
  }

  wake(): void {
    this.#work().catch((error: unknown) => {
      this.#logger.error("telling what has happened failed", { error: String(error) });
    });
  }

  start(): void {
    for (const duty of this.#duties) {
      duty.start();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#duties.map((duty) => duty.stop()));
    await this.#sender.stop();
    await this.#working?.catch(() => undefined);
  }

  /** One at a time; who asks meanwhile is served by another turn. */
  async #work(): Promise<void> {
    if (this.#working !== null) {
      this.#again = true;
      return this.#working;
    }
    this.#working = (async () => {
      do {
        this.#again = false;
        await this.#workOnce();
      } while (this.#again && !this.#stopped);
    })().finally(() => {
      this.#working = null;
    });
    return this.#working;
  }

  async #workOnce(): Promise<void> {
    if (this.#stopped || !this.#leadership.leads) {
      return;
    }
    const isStopped = () => this.#stopped;
    let work = await this.#store.read.noticeWork();
    if (work.events) {
      await this.#maker.tellEvents(isStopped);
      work = await this.#store.read.noticeWork();
    }
    if (work.dueAt !== null && work.dueAt <= work.now) {
      while (!isStopped() && (await this.#sender.sendDue())) {
        // Until nothing is due, or enough is under way.
      }
    }
  }

  #deliver(target: NoticeTarget, delivery: Delivery): Promise<DeliveryResult> {
    return target.kind === "mail"
      ? mailNotice(target.recipients, this.#mail, delivery)
      : postNotice(target, this.#secrets, delivery);
  }

  async #checked(former: NoticeRuleSettings, change: NoticeRuleChange): Promise<NoticeRuleSettings> {
    const { runbook, target } = change;
    const settings: NoticeRuleSettings = {
      enabled: change.enabled ?? former.enabled,
      events: change.events ?? former.events,
      runbookId: runbook === undefined ? former.runbookId : runbook === null ? null : await this.#runbookId(runbook),
      group: change.group === undefined ? former.group : change.group,
      tag: change.tag === undefined ? former.tag : change.tag,
      startLateAfter: change.startLateAfter === undefined ? former.startLateAfter : change.startLateAfter,
      runningLongAfter: change.runningLongAfter === undefined ? former.runningLongAfter : change.runningLongAfter,
      throttle: change.throttle ?? former.throttle,
      target: target === undefined ? former.target : wholeTarget(target),
    };
    await checkRule(settings, this.#secrets, this.#mail !== null);
    return settings;
  }

  async #runbookId(runbook: string): Promise<string> {
    const found = await this.#store.read.runbook({ runbook });
    if (found === null) {
      throw new UserError("runbook-not-found", `There is no runbook ${runbook}.`, {
        status: 404,
        remedy: "Check the name: `npx runsmith get-runbook` lists all runbooks.",
      });
    }
    return found.runbookId;
  }

  async #rule(rule: string): Promise<StoredNoticeRule> {
    const found = await this.#store.read.noticeRule({ rule });
    if (found === null) {
      throw noSuchNoticeRule(rule);
    }
    return found;
  }
}

export function noticeNotFound(noticeId: string): UserError {
  return new UserError("notice-not-found", `There is no notice ${noticeId}.`, {
    status: 404,
    remedy: "List them: `npx runsmith get-notice`. Old ones are purged after 30 days.",
  });
}

function testNotice(rule: StoredNoticeRule): NewNotice {
  return {
    noticeId: newId(),
    ruleId: rule.ruleId,
    ruleName: rule.name,
    event: "test",
    aboutId: rule.ruleId,
    happenedAt: Date.now(),
    occurrences: 1,
    facts: { job: null, worker: null, schedule: null, certificate: null, otherJobs: [] },
    // It is claimed at once, unless this service ends here.
    dueIn: 60_000,
    mergeInto: null,
  };
}

function settingsOf(rule: StoredNoticeRule): NoticeRuleSettings {
  const { enabled, events, runbookId, group, tag, startLateAfter, runningLongAfter, throttle, target } = rule;
  return { enabled, events, runbookId, group, tag, startLateAfter, runningLongAfter, throttle, target };
}
