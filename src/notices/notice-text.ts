import { isoTime } from "../contract/api/iso-time.ts";
import type { NoticeFacts, NoticeJob, NoticeSchedule } from "../contract/api/notice.ts";
import type { StoredNotice } from "../store/operations/notices.ts";

/** What a notice says, in one line. */
export function noticeText({ event, facts, occurrences, ruleName }: TextOf): string {
  if (event === "test") {
    return `This is a test of the notice rule ${ruleName}.`;
  }
  const more = occurrences === 1 ? "" : ` (${occurrences} times since the last notice)`;
  return oneLine(`${sentence(event, facts)}${more}`);
}

/** What a mail's subject says. */
export function noticeSubject({ event, facts, occurrences, ruleName }: TextOf): string {
  const about =
    facts.job?.runbookName ?? facts.schedule?.scheduleName ?? facts.certificate?.name ?? facts.worker?.name ?? ruleName;
  const count = occurrences === 1 ? "" : ` (${occurrences} times)`;
  return oneLine(`Runsmith: ${about}: ${event.replaceAll("-", " ")}${count}`);
}

/** All that a notice tells, for people: a line for each fact. */
export function noticeDetails(notice: StoredNotice): string {
  const { facts } = notice;
  const lines: [string, string | null][] = [
    ["Event", notice.event],
    ["Happened", isoTime(notice.happenedAt)],
    ...jobLines(facts.job),
    ["Worker", facts.worker === null ? null : `${facts.worker.name} (group ${facts.worker.group})`],
    ["Reason", facts.worker?.reason ?? null],
    ...scheduleLines(facts.schedule),
    ["Certificate", facts.certificate === null ? null : `${facts.certificate.name} (${facts.certificate.subject})`],
    ["Valid until", facts.certificate?.expiresAt ?? null],
    ["Further jobs", facts.otherJobs.length === 0 ? null : facts.otherJobs.join(", ")],
    ["Rule", notice.ruleName],
    ["Notice", notice.noticeId],
  ];
  const said = lines.filter((line): line is [string, string] => line[1] !== null);
  return [
    noticeText(notice),
    "",
    ...said.map(([title, value]) => `${`${title}:`.padEnd(14)}${oneLine(value)}`),
    "",
  ].join("\n");
}

type TextOf = Pick<StoredNotice, "event" | "facts" | "occurrences" | "ruleName">;

function sentence(event: StoredNotice["event"], { job, worker, schedule, certificate }: NoticeFacts): string {
  if (schedule !== null) {
    const { scheduleName, runbookName, dueAt, reason } = schedule;
    return `Schedule ${scheduleName} did not start ${runbookName} at ${dueAt}: ${(reason ?? "it was missed").replace(/\.$/, "")}.`;
  }
  if (certificate !== null) {
    return `Certificate ${certificate.name} (${certificate.subject}) is valid until ${certificate.expiresAt}.`;
  }
  if (worker !== null) {
    return `Worker ${worker.name} of group ${worker.group} was lost: ${worker.reason ?? "it was silent for longer than its lease"}.`;
  }
  if (job === null) {
    return "Something happened to a job that is gone by now.";
  }
  const it = `Job ${job.jobId} of ${job.runbookName}`;
  switch (event) {
    case "job-start-late":
      return `${it} has waited for its start since ${job.acceptedAt}.`;
    case "job-running-long":
      return `${it} runs since ${job.claimedAt ?? job.acceptedAt}${job.workerName === null ? "" : ` on ${job.workerName}`}.`;
    case "job-missed":
      return `${it} was not started by its deadline: ${why(job)}.`;
    default:
      return `${it} failed: ${why(job)}.`;
  }
}

function why(job: NoticeJob): string {
  const exception = job.exception === null ? null : `${job.exception.name}: ${job.exception.message}`;
  return (job.statusReason ?? exception ?? "its script failed").replace(/\.$/, "");
}

function jobLines(job: NoticeJob | null): [string, string | null][] {
  return job === null
    ? []
    : [
        ["Runbook", job.runbookName],
        ["Job", job.jobId],
        ["Status", job.status],
        ["Reason", job.statusReason],
        ["Exception", job.exception === null ? null : `${job.exception.name}: ${job.exception.message}`],
        ["Started by", job.startedBy],
        ["Group", job.group],
        ["Worker", job.workerName],
        ["Accepted", job.acceptedAt],
        ["Claimed", job.claimedAt],
        ["Ended", job.endedAt],
      ];
}

function scheduleLines(schedule: NoticeSchedule | null): [string, string | null][] {
  return schedule === null
    ? []
    : [
        ["Schedule", schedule.scheduleName],
        ["Runbook", schedule.runbookName],
        ["Due", schedule.dueAt],
        ["Reason", schedule.reason],
      ];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
