import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { NoticeDeliveryResource, NoticeResource, NoticeRuleResource } from "../contract/api/notice.ts";
import type { StoredNotice, StoredNoticeDelivery, StoredNoticeRule } from "../store/operations/notices.ts";
import { noticeText } from "./notice-text.ts";

/** A rule as the API shows it. */
export function noticeRuleResource(rule: StoredNoticeRule): NoticeRuleResource {
  const { createdAt, modifiedAt, ...shown } = rule;
  return { ...shown, createdAt: isoTime(createdAt), modifiedAt: isoTime(modifiedAt) };
}

/** A notice as the API shows it. */
export function noticeResource(notice: StoredNotice): NoticeResource {
  return {
    noticeId: notice.noticeId,
    ruleId: notice.ruleId,
    ruleName: notice.ruleName,
    event: notice.event,
    text: noticeText(notice),
    occurrences: notice.occurrences,
    facts: notice.facts,
    status: notice.status,
    attempts: notice.attempts,
    reason: notice.reason,
    happenedAt: isoTime(notice.happenedAt),
    createdAt: isoTime(notice.createdAt),
    nextAttemptAt: isoTimeOrNull(notice.nextAttemptAt),
    deliveredAt: isoTimeOrNull(notice.deliveredAt),
  };
}

/** An attempt as the API shows it. */
export function noticeDeliveryResource(delivery: StoredNoticeDelivery): NoticeDeliveryResource {
  return { ...delivery, startedAt: isoTime(delivery.startedAt), endedAt: isoTimeOrNull(delivery.endedAt) };
}
