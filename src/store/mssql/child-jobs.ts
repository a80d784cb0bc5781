import type { BoundChildRow, JobAncestorRow, PublishedChildRow } from "../child-job-rows.ts";
import {
  jobAncestorColumns,
  toChildrenLeftBehind,
  toJobAncestor,
  toPinnedChild,
  toPublishedChild,
} from "../child-job-rows.ts";
import { bytesToId } from "../id-bytes.ts";
import type { ChildJobReads, ChildJobWrites, JobAncestor } from "../operations/child-jobs.ts";
import type { Asynchronous } from "../store.ts";
import type { StoredJobRow } from "../stored-job.ts";
import { toStoredJob } from "../stored-job.ts";
import { selectStoredJob } from "./jobs-rows.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { id, int, json, text } from "./sql-values.ts";

interface PinnedRow {
  name: string;
  version_id: Uint8Array;
}

export function childJobReads(session: MssqlSession): Asynchronous<ChildJobReads> {
  return {
    jobOfCall: async ({ parentJobId, callId }) => {
      const row = await session.first<StoredJobRow>(
        `${selectStoredJob} WHERE j.parent_job_id = @parent_job_id AND j.parent_call = @parent_call`,
        { parent_job_id: id(parentJobId), parent_call: id(callId) },
      );
      return row === undefined ? null : toStoredJob(row);
    },

    childJobs: async ({ parentJobId, after, limit }) => {
      const rows = await session.all<StoredJobRow>(
        `${selectStoredJob} WHERE j.parent_job_id = @parent_job_id AND (@after IS NULL OR j.job_id > @after)
         ORDER BY j.job_id OFFSET 0 ROWS FETCH NEXT @limit ROWS ONLY`,
        { parent_job_id: id(parentJobId), after: id(after ?? null), limit: int(limit) },
      );
      return rows.map(toStoredJob);
    },

    jobAncestors: ({ jobId, limit }) => readAncestors(session, jobId, limit),

    boundChildren: async ({ parentJobIds, after, force, limit }) => {
      const rows = await session.all<{ job_id: Uint8Array }>(
        `SELECT TOP (@limit) c.job_id
         FROM OPENJSON(@parents) v
         INNER LOOP JOIN runsmith.jobs c ON c.parent_job_id = CONVERT(binary(16), REPLACE(v.value, N'-', N''), 2)
         WHERE c.parent_job_id IS NOT NULL AND (@after IS NULL OR c.job_id > @after)
           AND c.stop_with_parent = 1 AND c.ended_at IS NULL
           AND (c.stop_requested_at IS NULL OR (@force = 1 AND c.stop_forced = 0))
         ORDER BY c.job_id`,
        { parents: json(parentJobIds), after: id(after ?? null), force, limit: int(limit) },
      );
      return rows.map(({ job_id }) => bytesToId(job_id));
    },

    childrenLeftBehind: async ({ after, limit }) =>
      toChildrenLeftBehind(
        await session.all<BoundChildRow>(
          `SELECT TOP (@limit) c.job_id, CASE WHEN c.stop_requested_at IS NULL AND p.status IN (N'Stopped', N'Failed') THEN 1 ELSE 0 END AS is_left
           FROM runsmith.jobs c LEFT JOIN runsmith.jobs p ON p.job_id = c.parent_job_id
           WHERE c.stop_with_parent = 1 AND c.ended_at IS NULL AND (@after IS NULL OR c.job_id > @after)
           ORDER BY c.job_id`,
          { after: id(after ?? null), limit: int(limit) },
        ),
        limit,
      ),

    pinnedChildren: async ({ jobId }) => {
      const rows = await session.all<PinnedRow>(
        "SELECT name, version_id FROM runsmith.job_children WHERE job_id = @job_id ORDER BY name",
        { job_id: id(jobId) },
      );
      return rows.map(toPinnedChild);
    },

    publishedChildren: async ({ names }) => {
      const rows = await session.all<PublishedChildRow>(
        `SELECT r.name, r.runbook_id, v.version_id, v.calls
         FROM runsmith.runbooks r JOIN runsmith.runbook_versions v ON v.version_id = r.published_version_id
         WHERE r.workspace_id = @workspace_id AND r.enabled = 1 AND v.executable_hash IS NOT NULL
           AND r.name IN (SELECT n.value COLLATE Latin1_General_CI_AS FROM OPENJSON(@names) n)
         ORDER BY r.name`,
        { workspace_id: id(defaultWorkspace), names: json(names) },
      );
      // SQL Server takes names to be the same that differ in blanks at their end, or in width.
      const asked = new Set(names.map((name) => name.toLowerCase()));
      return rows.map(toPublishedChild).filter(({ name }) => asked.has(name.toLowerCase()));
    },
  };
}

/** Asked again, each finds what is done already. */
export const childJobWriteRules: WriteRules<ChildJobWrites> = { pinChild: "single", hurryJob: "single" };

export function childJobWrites(session: MssqlSession): Asynchronous<ChildJobWrites> {
  return {
    pinChild: async ({ jobId, name, versionId }) => {
      const values = { job_id: id(jobId), name: text(name), version_id: id(versionId) };
      try {
        await session.run(
          `INSERT INTO runsmith.job_children (job_id, name, version_id)
           SELECT @job_id, @name, @version_id
           WHERE NOT EXISTS (SELECT 1 FROM runsmith.job_children WHERE job_id = @job_id AND name = @name)`,
          values,
        );
      } catch (error) {
        if (!isDuplicate(error)) {
          throw error;
        }
      }
      const kept = await session.first<PinnedRow>(
        "SELECT name, version_id FROM runsmith.job_children WHERE job_id = @job_id AND name = @name",
        { job_id: values.job_id, name: values.name },
      );
      return kept === undefined ? { name, versionId } : toPinnedChild(kept);
    },

    hurryJob: ({ jobId, waitingJobId, highest }) =>
      session.transaction(async (transaction) => {
        const job_id = id(jobId);
        const behind = await transaction.first<{ priority: number }>(
          `SELECT CASE WHEN w.priority < @highest THEN w.priority + 1 ELSE @highest END AS priority FROM runsmith.jobs j JOIN runsmith.jobs w ON w.job_id = @waiting_job_id
           WHERE j.job_id = @job_id AND j.status = N'New' AND j.priority <= w.priority AND j.priority < @highest`,
          { job_id, waiting_job_id: id(waitingJobId), highest: int(highest) },
        );
        if (behind === undefined) {
          return;
        }
        // In the order in which a claim takes them.
        await transaction.run(
          `UPDATE q SET rank = @rank, tag = COALESCE((
             SELECT p.tag FROM runsmith.queue_positions p WHERE p.placement_id = q.placement_id AND p.rank = @rank), 1)
           FROM runsmith.job_queue q WHERE q.job_id = @job_id`,
          { job_id, rank: int(-behind.priority) },
        );
        await transaction.run(
          "UPDATE runsmith.jobs SET priority = @priority WHERE job_id = @job_id AND status = N'New'",
          { job_id, priority: int(behind.priority) },
        );
      }),
  };
}

async function readAncestors(session: MssqlSession, jobId: string, limit: number): Promise<JobAncestor[]> {
  const found: JobAncestor[] = [];
  for (let next: string | null = jobId; next !== null && found.length < limit; ) {
    const row: JobAncestorRow | undefined = await session.first<JobAncestorRow>(
      `SELECT ${jobAncestorColumns} FROM runsmith.jobs WHERE job_id = @job_id`,
      { job_id: id(next) },
    );
    const ancestor: JobAncestor | null = row === undefined ? null : toJobAncestor(row);
    if (ancestor !== null) {
      found.push(ancestor);
    }
    next = ancestor?.parentJobId ?? null;
  }
  return found;
}
