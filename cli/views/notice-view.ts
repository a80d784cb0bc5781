import type { NoticeDeliveryResource, NoticeResource, NoticeRuleResource } from "../../src/contract/api/notice.ts";
import type { View } from "../output/print.ts";
import { formatDuration } from "../output/quantities.ts";

/** How notice rules are shown. */
export const noticeRuleView: View<NoticeRuleResource> = {
  columns: [
    { title: "Rule", value: (rule) => rule.name },
    { title: "Enabled", value: (rule) => (rule.enabled ? "yes" : "no") },
    { title: "Events", value: (rule) => rule.events.join(",") },
    { title: "Of", value: scopeText },
    { title: "Target", value: targetText },
    { title: "Failures", value: (rule) => (rule.failures === 0 ? "" : String(rule.failures)) },
  ],
  details: [
    { title: "Id", value: (rule) => rule.ruleId },
    { title: "Start late after", value: (rule) => durationText(rule.startLateAfter) },
    { title: "Running long after", value: (rule) => durationText(rule.runningLongAfter) },
    { title: "Throttle", value: (rule) => (rule.throttle === 0 ? "none" : formatDuration(rule.throttle)) },
    {
      title: "Signing secret",
      value: ({ target }) => (target.kind === "web-hook" ? (target.signingSecret ?? "") : ""),
    },
    { title: "Modified", value: (rule) => `${rule.modifiedAt} by ${rule.modifiedBy}` },
  ],
  name: (rule) => rule.name,
};

/** How notices are shown. */
export const noticeView: View<NoticeResource> = {
  columns: [
    { title: "Notice", value: (notice) => notice.noticeId },
    { title: "Rule", value: (notice) => notice.ruleName },
    { title: "Event", value: (notice) => notice.event },
    { title: "Status", value: (notice) => notice.status },
    { title: "Attempts", value: (notice) => String(notice.attempts) },
    { title: "Happened", value: (notice) => notice.happenedAt },
    { title: "Text", value: (notice) => notice.text },
  ],
  details: [
    { title: "Reason", value: (notice) => notice.reason ?? "" },
    { title: "Occurrences", value: (notice) => String(notice.occurrences) },
    { title: "Further jobs", value: (notice) => notice.facts.otherJobs.join("\n") },
    { title: "Created", value: (notice) => notice.createdAt },
    { title: "Next attempt", value: (notice) => notice.nextAttemptAt ?? "" },
    { title: "Delivered", value: (notice) => notice.deliveredAt ?? "" },
  ],
  name: (notice) => notice.noticeId,
};

/** How attempts to deliver a notice are shown. */
export const noticeDeliveryView: View<NoticeDeliveryResource> = {
  columns: [
    { title: "Attempt", value: (delivery) => String(delivery.attempt) },
    { title: "Started", value: (delivery) => delivery.startedAt },
    { title: "Ended", value: (delivery) => delivery.endedAt ?? "" },
    { title: "Outcome", value: (delivery) => delivery.outcome ?? "" },
    { title: "Code", value: (delivery) => (delivery.statusCode === null ? "" : String(delivery.statusCode)) },
    { title: "Detail", value: (delivery) => delivery.detail ?? "" },
  ],
  name: (delivery) => String(delivery.attempt),
};

function scopeText(rule: NoticeRuleResource): string {
  const parts = [
    rule.runbookId === null ? null : `runbook ${rule.runbookName ?? `${rule.runbookId} (removed)`}`,
    rule.group === null ? null : `group ${rule.group}`,
    rule.tag === null ? null : `tag ${rule.tag}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "all" : parts.join(", ");
}

function targetText({ target }: NoticeRuleResource): string {
  return target.kind === "mail"
    ? target.recipients.join(", ")
    : (target.url ?? `(address in the secret ${target.secretUrl})`);
}

function durationText(milliseconds: number | null): string {
  return milliseconds === null ? "" : formatDuration(milliseconds);
}
