import type { NoticeRuleSettings } from "../../contract/api/notice.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { firstIdOf } from "../id-range.ts";
import { lookFrom, positionAfter } from "../late-jobs.ts";
import { noSuchNoticeRule, noticeRuleChanged, noticeRuleExists } from "../notice-refusals.ts";
import type { NoticeRow, NoticeRuleRow } from "../notice-rows.ts";
import { toNotice, toNoticeRule } from "../notice-rows.ts";
import type { ClaimedNotice, LateJobs, NewNotice, NoticeWrites, StoredNoticeRule } from "../operations/notices.ts";
import { findRule, latePositions, selectNotice, selectNoticeRule } from "./notices-read.ts";
import type { SqliteSession, SqlValue } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

export function noticeWrites(session: SqliteSession): NoticeWrites {
  return {
    createNoticeRule: (rule) => createRule(session, rule),
    changeNoticeRule: (change) => changeRule(session, change),
    removeNoticeRule: (of) => removeRule(session, of),
    makeNotices: (of) => makeNotices(session, of),
    claimNotices: (of) => claimNotices(session, of),
    settleNotice: (of) => settleNotice(session, of),
    purgeNotices: ({ before, limit }) =>
      session.run(
        `DELETE FROM notices WHERE notice_id IN (
           SELECT notice_id FROM notices WHERE notice_id < ? AND next_attempt_at IS NULL ORDER BY notice_id LIMIT ?)`,
        firstIdOf(before),
        limit,
      ),
  };
}

function createRule(session: SqliteSession, rule: Parameters<NoticeWrites["createNoticeRule"]>[0]): StoredNoticeRule {
  if (findRule(session, rule.name) !== undefined) {
    throw noticeRuleExists(rule.name);
  }
  const ruleId = session.newId();
  const now = session.now();
  session.run(
    `INSERT INTO notice_rules (workspace_id, rule_id, name, enabled, events, runbook_id, worker_group, tag, start_late_after,
       running_long_after, throttle, target, created_at, modified_at, modified_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(ruleId),
    rule.name,
    ...settingsOf(rule),
    now,
    now,
    rule.changedBy,
  );
  return toNoticeRule(ruleOf(session, ruleId));
}

function changeRule(session: SqliteSession, change: Parameters<NoticeWrites["changeNoticeRule"]>[0]): StoredNoticeRule {
  const former = ruleOf(session, change.ruleId);
  refuseOtherRevision(former, change.expectedRevision);
  session.run(
    `UPDATE notice_rules SET enabled = ?, events = ?, runbook_id = ?, worker_group = ?, tag = ?, start_late_after = ?,
       running_long_after = ?, throttle = ?, target = ?, failures = 0, retry_at = NULL, modified_at = ?, modified_by = ?,
       revision = revision + 1
     WHERE rule_id = ?`,
    ...settingsOf(change),
    session.now(),
    change.changedBy,
    former.rule_id,
  );
  if (!change.enabled) {
    cancelWaiting(session, former.rule_id, "its rule was switched off");
  }
  return toNoticeRule(ruleOf(session, change.ruleId));
}

function settingsOf(rule: NoticeRuleSettings): SqlValue[] {
  return [
    rule.enabled ? 1 : 0,
    JSON.stringify(rule.events),
    rule.runbookId === null ? null : idToBytes(rule.runbookId),
    rule.group,
    rule.tag,
    rule.startLateAfter,
    rule.runningLongAfter,
    rule.throttle,
    JSON.stringify(rule.target),
  ];
}

function removeRule(session: SqliteSession, of: { rule: string; expectedRevision?: number }): void {
  const rule = ruleOf(session, of.rule);
  refuseOtherRevision(rule, of.expectedRevision);
  cancelWaiting(session, rule.rule_id, "its rule was removed");
  session.run("DELETE FROM notice_rules WHERE rule_id = ?", rule.rule_id);
}

function cancelWaiting(session: SqliteSession, ruleId: Uint8Array, reason: string): void {
  session.run(
    `UPDATE notices SET status = 'cancelled', next_attempt_at = NULL, reason = ?
     WHERE workspace_id = ? AND rule_id = ? AND status = 'waiting'`,
    reason,
    defaultWorkspace,
    ruleId,
  );
}

function ruleOf(session: SqliteSession, rule: string): NoticeRuleRow {
  const row = findRule(session, rule);
  if (row === undefined) {
    throw noSuchNoticeRule(rule);
  }
  return row;
}

function refuseOtherRevision(rule: NoticeRuleRow, expected: number | undefined): void {
  if (expected !== undefined && expected !== rule.revision) {
    throw noticeRuleChanged(rule.name);
  }
}

/** Ends `makeNotices` with nothing done. */
class TakenByAnother extends Error {}

function makeNotices(session: SqliteSession, of: Parameters<NoticeWrites["makeNotices"]>[0]): boolean {
  const mine = (changed: number) => {
    if (changed === 0) {
      throw new TakenByAnother();
    }
  };
  session.run("SAVEPOINT make_notices");
  try {
    for (const { event, subjectId, happenedAt } of of.events) {
      mine(
        session.run(
          "DELETE FROM notice_events WHERE happened_at = ? AND subject_id = ? AND event = ?",
          happenedAt,
          idToBytes(subjectId),
          event,
        ),
      );
    }
    if (of.late !== undefined) {
      takeLateJobs(session, of.late, mine);
    }
    for (const notice of of.notices) {
      makeNotice(session, notice);
    }
    session.run("RELEASE make_notices");
    return true;
  } catch (error) {
    session.run("ROLLBACK TO make_notices");
    session.run("RELEASE make_notices");
    if (error instanceof TakenByAnother) {
      return false;
    }
    throw error;
  }
}

function takeLateJobs(
  session: SqliteSession,
  { ruleId, event, jobs }: LateJobs,
  mine: (changed: number) => void,
): void {
  const position = positionAfter(
    latePositions(session, ruleId)[event],
    session.now(),
    jobs.map(({ beganAt }) => beganAt),
  );
  const rule = idToBytes(ruleId);
  mine(
    event === "job-start-late"
      ? session.run("UPDATE notice_rules SET start_late_seen = ? WHERE rule_id = ?", firstIdOf(position), rule)
      : session.run("UPDATE notice_rules SET running_long_seen_at = ? WHERE rule_id = ?", position, rule),
  );
  for (const { jobId, beganAt } of jobs) {
    mine(
      session.run(
        "INSERT INTO notice_late_jobs (rule_id, event, began_at, job_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        rule,
        event,
        beganAt,
        idToBytes(jobId),
      ),
    );
  }
  session.run(
    "DELETE FROM notice_late_jobs WHERE rule_id = ? AND event = ? AND began_at < ?",
    rule,
    event,
    lookFrom(position, position),
  );
}

function makeNotice(session: SqliteSession, notice: NewNotice): void {
  const facts = JSON.stringify(notice.facts);
  if (notice.mergeInto !== null) {
    const merged = session.run(
      "UPDATE notices SET occurrences = occurrences + ?, facts = ? WHERE notice_id = ? AND status = 'waiting' AND attempts = 0",
      notice.occurrences,
      facts,
      idToBytes(notice.mergeInto),
    );
    if (merged > 0) {
      return;
    }
  }
  const now = session.now();
  session.run(
    `INSERT INTO notices (workspace_id, notice_id, rule_id, rule_name, event, about_id, occurrences, facts, status, happened_at,
       created_at, next_attempt_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(notice.noticeId),
    idToBytes(notice.ruleId),
    notice.ruleName,
    notice.event,
    idToBytes(notice.aboutId),
    notice.occurrences,
    facts,
    notice.happenedAt,
    now,
    now + notice.dueIn,
  );
}

function claimNotices(
  session: SqliteSession,
  { limit, visibleFor, noticeId }: { limit: number; visibleFor: number; noticeId?: string },
): ClaimedNotice[] {
  const now = session.now();
  const rows =
    noticeId === undefined
      ? session.all<NoticeRow>(
          `${selectNotice} WHERE next_attempt_at <= ? AND rule_id IN
             (SELECT rule_id FROM notice_rules WHERE retry_at IS NULL OR retry_at <= ?) ORDER BY next_attempt_at, notice_id LIMIT ?`,
          now,
          now,
          limit,
        )
      : session.all<NoticeRow>(`${selectNotice} WHERE notice_id = ? AND status = 'waiting'`, idToBytes(noticeId));
  const claimed: ClaimedNotice[] = [];
  const probed = new Set<string>();
  for (const row of rows) {
    const ruleRow = session.first<NoticeRuleRow>(`${selectNoticeRule} WHERE n.rule_id = ?`, row.rule_id);
    const ruleId = bytesToId(row.rule_id);
    if (ruleRow === undefined || probed.has(ruleId)) {
      continue;
    }
    if (ruleRow.failures > 0) {
      probed.add(ruleId);
    }
    const attempt = row.attempts + 1;
    const won = session.run(
      `UPDATE notices SET attempts = ?, next_attempt_at = ? WHERE notice_id = ? AND status = 'waiting' AND attempts = ?`,
      attempt,
      now + visibleFor,
      row.notice_id,
      row.attempts,
    );
    if (won > 0) {
      session.run(
        "INSERT INTO notice_deliveries (notice_id, attempt, started_at) VALUES (?, ?, ?)",
        row.notice_id,
        attempt,
        now,
      );
      const notice = toNotice({ ...row, attempts: attempt, next_attempt_at: now + visibleFor });
      claimed.push({ notice, rule: toNoticeRule(ruleRow) });
    }
  }
  return claimed;
}

function settleNotice(session: SqliteSession, of: Parameters<NoticeWrites["settleNotice"]>[0]): void {
  const now = session.now();
  const noticeId = idToBytes(of.noticeId);
  const settled = session.run(
    `UPDATE notice_deliveries SET ended_at = ?, outcome = ?, status_code = ?, detail = ?
     WHERE notice_id = ? AND attempt = ? AND ended_at IS NULL`,
    now,
    of.outcome,
    of.statusCode,
    of.detail,
    noticeId,
    of.attempt,
  );
  if (settled === 0) {
    return;
  }
  const delivered = of.outcome === "delivered";
  const isOver = delivered || of.retryIn === null;
  session.run(
    `UPDATE notices SET status = ?, reason = ?, next_attempt_at = ?, delivered_at = ?
     WHERE notice_id = ? AND attempts = ? AND status = 'waiting'`,
    delivered ? "delivered" : isOver ? "given-up" : "waiting",
    delivered ? null : of.detail,
    isOver ? null : now + (of.retryIn ?? 0),
    delivered ? now : null,
    noticeId,
    of.attempt,
  );
  session.run(
    delivered
      ? "UPDATE notice_rules SET failures = 0, retry_at = NULL WHERE rule_id = (SELECT rule_id FROM notices WHERE notice_id = ?) AND failures > 0"
      : "UPDATE notice_rules SET failures = failures + 1, retry_at = ? WHERE rule_id = (SELECT rule_id FROM notices WHERE notice_id = ?)",
    ...(delivered ? [noticeId] : [now + of.ruleRetryIn, noticeId]),
  );
}
