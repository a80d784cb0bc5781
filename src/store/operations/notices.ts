import type {
  NoticeEvent,
  NoticeFacts,
  NoticeRuleSettings,
  NoticeStatus,
  NoticeSubject,
} from "../../contract/api/notice.ts";
import type { JobException } from "../../contract/host/host-messages.ts";
import type { JobStatus } from "../../contract/job-status.ts";
import type { VisibleRunbooks } from "./runbooks.ts";

/** A notice rule. */
export interface StoredNoticeRule extends NoticeRuleSettings {
  ruleId: string;
  name: string;
  /** Null for any runbook, and when the runbook is gone. */
  runbookName: string | null;
  /** Deliveries that have failed since the last one that succeeded. */
  failures: number;
  createdAt: number;
  modifiedAt: number;
  modifiedBy: string;
  /** Grows by one with each change of a person. */
  revision: number;
}

/** A job as notices see it. */
export interface JobToNotice {
  jobId: string;
  runbookId: string;
  runbookName: string;
  /** Of its runbook, now; none when that is gone. */
  tags: string[];
  status: JobStatus;
  statusReason: string | null;
  exception: JobException | null;
  startedBy: string;
  workerGroup: string | null;
  workerName: string | null;
  acceptedAt: number;
  claimedAt: number | null;
  endedAt: number | null;
}

/** A certificate as notices see it. */
export interface CertificateToNotice {
  name: string;
  subject: string;
  expiresAt: number;
}

/** A link of a schedule as notices see it. */
export interface ScheduleToNotice {
  linkId: string;
  scheduleName: string;
  runbookId: string;
  runbookName: string;
  /** Of its runbook, now; none when that is gone. */
  tags: string[];
  /** The last of the times that it happened to. */
  dueAt: number;
  reason: string | null;
}

/** Something has happened that notices may tell of; it was stored in the transaction of what happened. */
export interface StoredNoticeEvent {
  event: NoticeEvent;
  /** The id of the job, of the worker, or of the link. */
  subjectId: string;
  happenedAt: number;
  /** Null for a worker, and when the job was purged. */
  job: JobToNotice | null;
  /** Null for a job. */
  worker: { name: string; group: string; reason: string | null } | null;
  /** A certificate, which is the subject; null for anything else, and when it was removed. */
  certificate: CertificateToNotice | null;
  /** A link of a schedule, which is the subject; else null. */
  schedule: ScheduleToNotice | null;
}

/** Late jobs that a rule looks at for the first time. */
export interface LateJobs {
  ruleId: string;
  event: Extract<NoticeEvent, "job-start-late" | "job-running-long">;
  /** `beganAt`: when the job was accepted, or when its attempt was claimed; milliseconds since the epoch. */
  jobs: { jobId: string; beganAt: number }[];
}

/** What makes an event the only one. */
export type NoticeEventKey = Pick<StoredNoticeEvent, "event" | "subjectId" | "happenedAt">;

/** What notices of one kind, of one rule, about one runbook or one worker have in common; throttling is by these. */
export interface NoticeGroup {
  ruleId: string;
  event: NoticeSubject;
  /** The id of the runbook or of the worker; of a test the rule's. */
  aboutId: string;
}

/** The newest notice of a group. */
export interface NewestNotice extends NoticeGroup {
  noticeId: string;
  createdAt: number;
  /** It waits and no delivery was tried, so more can be told by it. */
  isOpen: boolean;
  facts: NoticeFacts;
  /** Null when it was not. */
  deliveredAt: number | null;
}

export interface NewNotice extends NoticeGroup {
  noticeId: string;
  ruleName: string;
  happenedAt: number;
  occurrences: number;
  facts: NoticeFacts;
  /** Milliseconds until it may be delivered. */
  dueIn: number;
  /** The notice that this is told by when no delivery of it was tried yet: it gets the facts, and the occurrences are added. */
  mergeInto: string | null;
}

export interface StoredNotice extends NoticeGroup {
  noticeId: string;
  ruleName: string;
  occurrences: number;
  facts: NoticeFacts;
  status: NoticeStatus;
  attempts: number;
  reason: string | null;
  happenedAt: number;
  createdAt: number;
  nextAttemptAt: number | null;
  deliveredAt: number | null;
}

/** A notice whose delivery is now tried by who claimed it, and by nobody else for a while. */
export interface ClaimedNotice {
  notice: StoredNotice;
  rule: StoredNoticeRule;
}

export interface StoredNoticeDelivery {
  attempt: number;
  startedAt: number;
  endedAt: number | null;
  outcome: "delivered" | "failed" | null;
  statusCode: number | null;
  detail: string | null;
}

/** `rule` is an id or a name everywhere; names count without regard to (ASCII) case. */
export interface NoticeReads {
  /** By name; `after` is the `next` of the page before. */
  noticeRules(of: { after?: string; limit: number }): { items: StoredNoticeRule[]; next: string | null };
  noticeRule(of: { rule: string }): StoredNoticeRule | null;

  /**
   * Newest first, of one rule, in one state; `after` is the `next` of the page before. With `visibleTo` only those about these runbooks,
   * and about workers of these groups (in lower case).
   */
  notices(of: {
    ruleId?: string;
    status?: NoticeStatus;
    visibleTo?: VisibleRunbooks & { workerGroups: readonly string[] };
    after?: string;
    limit: number;
  }): {
    items: StoredNotice[];
    next: string | null;
  };
  notice(of: { noticeId: string }): StoredNotice | null;
  /** In order. */
  noticeDeliveries(of: { noticeId: string }): StoredNoticeDelivery[];

  /** Whether something has happened that no notice was made of yet, and when the next delivery is due; null when none is. */
  noticeWork(): { events: boolean; dueAt: number | null; now: number };
  /** Notices that wait; costs as much as there are such. */
  waitingNotices(): number;

  /** What has happened and no notice was made of yet, oldest first. */
  noticeEvents(of: { limit: number }): StoredNoticeEvent[];
  /** The newest notice of each of these groups that has one. */
  newestNotices(of: { groups: NoticeGroup[] }): NewestNotice[];

  /**
   * Jobs that were accepted at least `longerThan` milliseconds ago, were never started, and were not looked at by this rule, in the
   * order of their ids; `after` is the last one of the page before.
   */
  jobsNotStarted(of: { ruleId: string; longerThan: number; after: string | null; limit: number }): JobToNotice[];
  /**
   * Jobs whose attempt was claimed at least `longerThan` milliseconds ago and was not looked at by this rule, in the order of their
   * claims.
   */
  jobsStillRunning(of: { ruleId: string; longerThan: number }): JobToNotice[];
}

/** Every write that names a rule throws UserError `notice-rule-not-found` (404) when there is none. */
export interface NoticeWrites {
  /** @throws UserError `notice-rule-exists` (409) */
  createNoticeRule(rule: NoticeRuleSettings & { name: string; changedBy: string }): StoredNoticeRule;

  /**
   * Replaces the settings; switching it off cancels what waits.
   * @throws UserError `revision-mismatch` (412) when `expectedRevision` is not its revision
   */
  changeNoticeRule(
    change: NoticeRuleSettings & { ruleId: string; changedBy: string; expectedRevision: number },
  ): StoredNoticeRule;

  /** Deletes a rule; its notices stay as history, and what waits is cancelled. @throws UserError `revision-mismatch` (412) */
  removeNoticeRule(of: { rule: string; expectedRevision?: number }): void;

  /**
   * Makes notices of events, which are gone with that, or of late jobs, which the rule has looked at then. Nothing happens, and
   * false comes back, when another service was first.
   */
  makeNotices(of: { events: NoticeEventKey[]; notices: NewNotice[]; late?: LateJobs }): boolean;

  /**
   * Claims notices that are due, or this one, and notes an attempt for each: nobody else claims them for `visibleFor` milliseconds.
   * Of a rule whose last delivery failed it gives one at a time, and none before the rule's next attempt.
   */
  claimNotices(of: { limit: number; visibleFor: number; noticeId?: string }): ClaimedNotice[];

  /**
   * Notes how an attempt went. A failed one is tried again in `retryIn` milliseconds, and its rule not before `ruleRetryIn`; null
   * gives it up. Nothing happens when the attempt is not the last one of a notice that waits.
   */
  settleNotice(of: {
    noticeId: string;
    attempt: number;
    outcome: "delivered" | "failed";
    statusCode: number | null;
    detail: string | null;
    retryIn: number | null;
    ruleRetryIn: number;
  }): void;

  /** Deletes notices that wait no more and were made before `before`, at most `limit`; gives their number. */
  purgeNotices(of: { before: number; limit: number }): number;
}
