import type { NoticeWrites, StoredNoticeRule } from "../operations/notices.ts";
import type { AuditRules, ThingKind } from "./audit-rule.ts";
import { changeOf, notAudited } from "./audit-rule.ts";

const rule: ThingKind<StoredNoticeRule> = {
  kind: "notice-rule",
  id: ({ ruleId }) => ruleId,
  name: ({ name }) => name,
  facts: ({ failures, runbookName, createdAt, modifiedAt, modifiedBy, revision, ...settings }) => settings,
};

const byTheService = "the service does it, by rules whose changes are audited";

export const noticeAudit: AuditRules<NoticeWrites> = {
  createNoticeRule: changeOf(rule, (_, result) =>
    result === undefined ? null : { read: "noticeRule", of: { rule: result.ruleId } },
  ),
  changeNoticeRule: changeOf(rule, ({ ruleId }) => ({ read: "noticeRule", of: { rule: ruleId } })),
  removeNoticeRule: changeOf(rule, (of) => ({ read: "noticeRule", of: { rule: of.rule } })),
  makeNotices: notAudited(byTheService),
  claimNotices: notAudited(byTheService),
  settleNotice: notAudited(byTheService),
  purgeNotices: notAudited("the service clears notices away that have had their time"),
};
