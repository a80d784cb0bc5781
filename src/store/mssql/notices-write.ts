import type { NoticeRuleSettings } from "../../contract/api/notice.ts";
import { bytesToId } from "../id-bytes.ts";
import { firstIdOf } from "../id-range.ts";
import type { LatePositionsRow } from "../late-jobs.ts";
import { lookFrom, positionAfter, toLatePositions } from "../late-jobs.ts";
import { newId } from "../new-id.ts";
import { noSuchNoticeRule, noticeRuleChanged, noticeRuleExists } from "../notice-refusals.ts";
import type { NoticeRow, NoticeRuleRow } from "../notice-rows.ts";
import { noticeColumns, toNotice, toNoticeRule } from "../notice-rows.ts";
import type { ClaimedNotice, LateJobs, NewNotice, NoticeWrites, StoredNoticeRule } from "../operations/notices.ts";
import type { Asynchronous } from "../store.ts";
import { findRule } from "./notices-read.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import type { SqlValues } from "./sql-values.ts";
import { bigint, bit, id, idBytes, int, json, text, time } from "./sql-values.ts";

/** Of one statement that needs the time more than once. */
const declareNow = "DECLARE @now datetime2(3) = CAST(SYSUTCDATETIME() AS datetime2(3));";

export const noticeWriteRules: WriteRules<NoticeWrites> = {
  createNoticeRule: "kept",
  changeNoticeRule: "kept",
  removeNoticeRule: "kept",
  // What was made of events, or of a position, is not made again: they are gone. It has its own transaction.
  makeNotices: "single",
  // Done again, it passes over what it has claimed, which is then tried when that claim is over.
  claimNotices: "repeatable",
  settleNotice: "repeatable",
  purgeNotices: "repeatable",
};

export function noticeWrites(session: MssqlSession): Asynchronous<NoticeWrites> {
  return {
    createNoticeRule: (rule) => createRule(session, rule),
    changeNoticeRule: (change) => changeRule(session, change),
    removeNoticeRule: (of) => removeRule(session, of),
    makeNotices: (of) => makeNotices(session, of),
    claimNotices: (of) => claimNotices(session, of),
    settleNotice: (of) => settleNotice(session, of),
    purgeNotices: ({ before, limit }) =>
      session.run(
        `DELETE FROM runsmith.notices WHERE notice_id IN (
           SELECT TOP (@limit) notice_id FROM runsmith.notices WHERE notice_id < @before AND next_attempt_at IS NULL
           ORDER BY notice_id)`,
        { before: idBytes(firstIdOf(before)), limit: int(limit) },
      ),
  };
}

async function createRule(
  session: MssqlSession,
  rule: Parameters<NoticeWrites["createNoticeRule"]>[0],
): Promise<StoredNoticeRule> {
  const ruleId = newId();
  try {
    await session.run(
      `${declareNow}
       INSERT INTO runsmith.notice_rules (workspace_id, rule_id, name, enabled, events, runbook_id, worker_group, tag,
         start_late_after, running_long_after, throttle, target, created_at, modified_at, modified_by)
       VALUES (@workspace_id, @rule_id, @name, @enabled, @events, @runbook_id, @worker_group, @tag, @start_late_after,
         @running_long_after, @throttle, @target, @now, @now, @changed_by)`,
      {
        workspace_id: id(defaultWorkspace),
        rule_id: id(ruleId),
        name: text(rule.name),
        changed_by: text(rule.changedBy),
        ...settingsOf(rule),
      },
    );
  } catch (error) {
    if (isDuplicate(error)) {
      throw noticeRuleExists(rule.name);
    }
    throw error;
  }
  return toNoticeRule(await ruleOf(session, ruleId));
}

async function changeRule(
  session: MssqlSession,
  change: Parameters<NoticeWrites["changeNoticeRule"]>[0],
): Promise<StoredNoticeRule> {
  const former = await ruleOf(session, change.ruleId);
  const changed = await session.run(
    `UPDATE runsmith.notice_rules SET enabled = @enabled, events = @events, runbook_id = @runbook_id,
       worker_group = @worker_group, tag = @tag, start_late_after = @start_late_after,
       running_long_after = @running_long_after, throttle = @throttle, target = @target, failures = 0, retry_at = NULL,
       modified_at = CAST(SYSUTCDATETIME() AS datetime2(3)), modified_by = @changed_by, revision = revision + 1
     WHERE rule_id = @rule_id AND revision = @expected`,
    {
      rule_id: id(change.ruleId),
      expected: int(change.expectedRevision),
      changed_by: text(change.changedBy),
      ...settingsOf(change),
    },
  );
  if (changed === 0) {
    throw noticeRuleChanged(former.name);
  }
  if (!change.enabled) {
    await cancelWaiting(session, former.rule_id, "its rule was switched off");
  }
  return toNoticeRule(await ruleOf(session, change.ruleId));
}

function settingsOf(rule: NoticeRuleSettings): SqlValues {
  return {
    enabled: bit(rule.enabled),
    events: json(rule.events),
    runbook_id: id(rule.runbookId),
    worker_group: text(rule.group),
    tag: text(rule.tag),
    start_late_after: bigint(rule.startLateAfter),
    running_long_after: bigint(rule.runningLongAfter),
    throttle: bigint(rule.throttle),
    target: json(rule.target),
  };
}

async function removeRule(session: MssqlSession, of: { rule: string; expectedRevision?: number }): Promise<void> {
  const rule = await ruleOf(session, of.rule);
  const removed = await session.run(
    "DELETE FROM runsmith.notice_rules WHERE rule_id = @rule_id AND revision = @expected",
    { rule_id: idBytes(rule.rule_id), expected: int(of.expectedRevision ?? rule.revision) },
  );
  if (removed === 0) {
    throw noticeRuleChanged(rule.name);
  }
  await cancelWaiting(session, rule.rule_id, "its rule was removed");
}

async function cancelWaiting(session: MssqlSession, ruleId: Uint8Array, reason: string): Promise<void> {
  await session.run(
    `UPDATE runsmith.notices SET status = N'cancelled', next_attempt_at = NULL, reason = @reason
     WHERE workspace_id = @workspace_id AND rule_id = @rule_id AND status = N'waiting'`,
    { workspace_id: id(defaultWorkspace), rule_id: idBytes(ruleId), reason: text(reason) },
  );
}

async function ruleOf(session: MssqlSession, rule: string): Promise<NoticeRuleRow> {
  const row = await findRule(session, rule);
  if (row === undefined) {
    throw noSuchNoticeRule(rule);
  }
  return row;
}

/** Ends `makeNotices` with nothing done. */
class TakenByAnother extends Error {}

async function makeNotices(session: MssqlSession, of: Parameters<NoticeWrites["makeNotices"]>[0]): Promise<boolean> {
  try {
    await session.transaction(async (within) => {
      await takeCauses(within, of);
      for (const notice of of.notices) {
        await makeNotice(within, notice);
      }
    });
    return true;
  } catch (error) {
    if (error instanceof TakenByAnother) {
      return false;
    }
    throw error;
  }
}

/** Takes what the notices are made of, so that nobody else makes any of it. */
async function takeCauses(
  session: MssqlSession,
  { events, late }: Parameters<NoticeWrites["makeNotices"]>[0],
): Promise<void> {
  const mine = (changed: number) => {
    if (changed === 0) {
      throw new TakenByAnother();
    }
  };
  for (const { event, subjectId, happenedAt } of events) {
    mine(
      await session.run(
        `DELETE FROM runsmith.notice_events
         WHERE happened_at = @happened_at AND subject_id = @subject_id AND event = @event`,
        { happened_at: time(happenedAt), subject_id: id(subjectId), event: text(event) },
      ),
    );
  }
  if (late !== undefined) {
    await takeLateJobs(session, late);
  }
}

async function takeLateJobs(session: MssqlSession, { ruleId, event, jobs }: LateJobs): Promise<void> {
  // Holds the rule until the commit, so that what another looks at meanwhile is seen below.
  const rule = await session.first<LatePositionsRow & { now: number }>(
    `UPDATE runsmith.notice_rules SET failures = failures
     OUTPUT inserted.start_late_seen, inserted.running_long_seen_at, CAST(SYSUTCDATETIME() AS datetime2(3)) AS now
     WHERE rule_id = @rule_id`,
    { rule_id: id(ruleId) },
  );
  if (rule === undefined) {
    throw new TakenByAnother();
  }
  const times = jobs.map(({ beganAt }) => beganAt);
  const position = positionAfter(toLatePositions(rule)[event], rule.now, times);
  await session.run(
    event === "job-start-late"
      ? "UPDATE runsmith.notice_rules SET start_late_seen = @position WHERE rule_id = @rule_id"
      : "UPDATE runsmith.notice_rules SET running_long_seen_at = @position WHERE rule_id = @rule_id",
    { rule_id: id(ruleId), position: event === "job-start-late" ? idBytes(firstIdOf(position)) : time(position) },
  );
  const looked = { rule_id: id(ruleId), event: text(event) };
  const added = await session.run(
    `INSERT INTO runsmith.notice_late_jobs (rule_id, event, began_at, job_id)
     SELECT @rule_id, @event, n.began_at, n.job_id
     FROM (
       SELECT runsmith.Later(CONVERT(datetime2(3), '1970-01-01'), v.began_at) AS began_at,
         CONVERT(binary(16), REPLACE(v.job_id, N'-', N''), 2) AS job_id
       FROM OPENJSON(@jobs) WITH (job_id nvarchar(36) '$.jobId', began_at bigint '$.beganAt') AS v) n
     WHERE NOT EXISTS (
       SELECT 1 FROM runsmith.notice_late_jobs l
       WHERE l.rule_id = @rule_id AND l.event = @event AND l.began_at = n.began_at AND l.job_id = n.job_id)`,
    { ...looked, jobs: json(jobs) },
  );
  if (added < jobs.length) {
    throw new TakenByAnother();
  }
  await session.run(
    "DELETE FROM runsmith.notice_late_jobs WHERE rule_id = @rule_id AND event = @event AND began_at < @from",
    { ...looked, from: time(lookFrom(position, position)) },
  );
}

async function makeNotice(session: MssqlSession, notice: NewNotice): Promise<void> {
  if (notice.mergeInto !== null) {
    const merged = await session.run(
      `UPDATE runsmith.notices SET occurrences = occurrences + @occurrences, facts = @facts
       WHERE notice_id = @notice_id AND status = N'waiting' AND attempts = 0`,
      { notice_id: id(notice.mergeInto), occurrences: int(notice.occurrences), facts: json(notice.facts) },
    );
    if (merged > 0) {
      return;
    }
  }
  await session.run(
    `${declareNow}
     INSERT INTO runsmith.notices (workspace_id, notice_id, rule_id, rule_name, event, about_id, occurrences, facts, status,
       happened_at, created_at, next_attempt_at)
     SELECT @workspace_id, @notice_id, @rule_id, @rule_name, @event, @about_id, @occurrences, @facts, N'waiting', @happened_at,
       @now, runsmith.Later(@now, @due_in)
     WHERE NOT EXISTS (SELECT 1 FROM runsmith.notices WHERE notice_id = @notice_id)`,
    {
      workspace_id: id(defaultWorkspace),
      notice_id: id(notice.noticeId),
      rule_id: id(notice.ruleId),
      rule_name: text(notice.ruleName),
      event: text(notice.event),
      about_id: id(notice.aboutId),
      occurrences: int(notice.occurrences),
      facts: json(notice.facts),
      happened_at: time(notice.happenedAt),
      due_in: bigint(notice.dueIn),
    },
  );
}

async function claimNotices(
  session: MssqlSession,
  { limit, visibleFor, noticeId }: { limit: number; visibleFor: number; noticeId?: string },
): Promise<ClaimedNotice[]> {
  const rows =
    noticeId === undefined
      ? await session.all<NoticeRow>(
          `${declareNow}
           SELECT TOP (@limit) ${noticeColumns} FROM runsmith.notices
           WHERE next_attempt_at <= @now AND rule_id IN
             (SELECT rule_id FROM runsmith.notice_rules WHERE retry_at IS NULL OR retry_at <= @now)
           ORDER BY next_attempt_at, notice_id`,
          { limit: int(limit) },
        )
      : await session.all<NoticeRow>(
          `SELECT ${noticeColumns} FROM runsmith.notices WHERE notice_id = @notice_id AND status = N'waiting'`,
          { notice_id: id(noticeId) },
        );
  const claimed: ClaimedNotice[] = [];
  const probed = new Set<string>();
  for (const row of rows) {
    const ruleId = bytesToId(row.rule_id);
    const rule = probed.has(ruleId) ? undefined : await findRule(session, ruleId);
    if (rule === undefined) {
      continue;
    }
    if (rule.failures > 0) {
      probed.add(ruleId);
    }
    const notice = await claimOne(session, row, visibleFor);
    if (notice !== undefined) {
      claimed.push({ notice: toNotice(notice), rule: toNoticeRule(rule) });
    }
  }
  return claimed;
}

/** Undefined when another was first. */
async function claimOne(session: MssqlSession, row: NoticeRow, visibleFor: number): Promise<NoticeRow | undefined> {
  const attempt = row.attempts + 1;
  const won = await session.run(
    `UPDATE runsmith.notices SET attempts = @attempt,
       next_attempt_at = runsmith.Later(CAST(SYSUTCDATETIME() AS datetime2(3)), @visible_for)
     WHERE notice_id = @notice_id AND status = N'waiting' AND attempts = @attempt - 1`,
    { notice_id: idBytes(row.notice_id), attempt: int(attempt), visible_for: bigint(visibleFor) },
  );
  if (won === 0) {
    return undefined;
  }
  await session.run(
    `INSERT INTO runsmith.notice_deliveries (notice_id, attempt, started_at)
     VALUES (@notice_id, @attempt, CAST(SYSUTCDATETIME() AS datetime2(3)))`,
    { notice_id: idBytes(row.notice_id), attempt: int(attempt) },
  );
  return session.first<NoticeRow>(`SELECT ${noticeColumns} FROM runsmith.notices WHERE notice_id = @notice_id`, {
    notice_id: idBytes(row.notice_id),
  });
}

async function settleNotice(session: MssqlSession, of: Parameters<NoticeWrites["settleNotice"]>[0]): Promise<void> {
  const attempt = { notice_id: id(of.noticeId), attempt: int(of.attempt) };
  const settled = await session.run(
    `UPDATE runsmith.notice_deliveries SET ended_at = CAST(SYSUTCDATETIME() AS datetime2(3)), outcome = @outcome,
       status_code = @status_code, detail = @detail
     WHERE notice_id = @notice_id AND attempt = @attempt AND ended_at IS NULL`,
    { ...attempt, outcome: text(of.outcome), status_code: int(of.statusCode), detail: text(of.detail) },
  );
  if (settled === 0) {
    return;
  }
  const delivered = of.outcome === "delivered";
  const isOver = delivered || of.retryIn === null;
  await session.run(
    `${declareNow}
     UPDATE runsmith.notices SET status = @status, reason = @reason,
       next_attempt_at = CASE WHEN @retry_in IS NULL THEN NULL ELSE runsmith.Later(@now, @retry_in) END,
       delivered_at = CASE WHEN @status = N'delivered' THEN @now END
     WHERE notice_id = @notice_id AND attempts = @attempt AND status = N'waiting'`,
    {
      ...attempt,
      status: text(delivered ? "delivered" : isOver ? "given-up" : "waiting"),
      reason: text(delivered ? null : of.detail),
      retry_in: bigint(isOver ? null : of.retryIn),
    },
  );
  await session.run(
    delivered
      ? `UPDATE runsmith.notice_rules SET failures = 0, retry_at = NULL
         WHERE failures > 0 AND rule_id = (SELECT rule_id FROM runsmith.notices WHERE notice_id = @notice_id)`
      : `UPDATE runsmith.notice_rules SET failures = failures + 1,
           retry_at = runsmith.Later(CAST(SYSUTCDATETIME() AS datetime2(3)), @rule_retry_in)
         WHERE rule_id = (SELECT rule_id FROM runsmith.notices WHERE notice_id = @notice_id)`,
    { notice_id: id(of.noticeId), ...(!delivered && { rule_retry_in: bigint(of.ruleRetryIn) }) },
  );
}
