import type { BoundChildRow, JobAncestorRow, PublishedChildRow } from "../child-job-rows.ts";
import {
  jobAncestorColumns,
  toChildrenLeftBehind,
  toJobAncestor,
  toPinnedChild,
  toPublishedChild,
} from "../child-job-rows.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { ChildJobReads, ChildJobWrites, JobAncestor } from "../operations/child-jobs.ts";
import type { StoredJobRow } from "../stored-job.ts";
import { toStoredJob } from "../stored-job.ts";
import { selectStoredJob } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

interface PinnedRow {
  name: string;
  version_id: Uint8Array;
}

export function childJobReads(session: SqliteSession): ChildJobReads {
  return {
    jobOfCall: ({ parentJobId, callId }) => {
      const row = session.first<StoredJobRow>(
        `${selectStoredJob} WHERE j.parent_job_id = ? AND j.parent_call = ?`,
        idToBytes(parentJobId),
        idToBytes(callId),
      );
      return row === undefined ? null : toStoredJob(row);
    },

    childJobs: ({ parentJobId, after, limit }) =>
      session
        .all<StoredJobRow>(
          `${selectStoredJob} WHERE j.parent_job_id = ?1 AND (?2 IS NULL OR j.job_id > ?2) ORDER BY j.job_id LIMIT +?3`,
          idToBytes(parentJobId),
          after === undefined ? null : idToBytes(after),
          limit,
        )
        .map(toStoredJob),

    jobAncestors: ({ jobId, limit }) => readAncestors(session, jobId, limit),

    boundChildren: ({ parentJobIds, after, force, limit }) =>
      session
        .all<{ job_id: Uint8Array }>(
          `SELECT c.job_id FROM json_each(?1) v
           CROSS JOIN jobs c INDEXED BY jobs_by_parent ON c.parent_job_id = unhex(v.value, '-')
           WHERE (?2 IS NULL OR c.job_id > ?2) AND c.stop_with_parent = 1 AND c.ended_at IS NULL
             AND (c.stop_requested_at IS NULL OR (?4 = 1 AND c.stop_forced = 0))
           ORDER BY c.job_id LIMIT +?3`,
          JSON.stringify(parentJobIds),
          after === undefined ? null : idToBytes(after),
          limit,
          force ? 1 : 0,
        )
        .map(({ job_id }) => bytesToId(job_id)),

    childrenLeftBehind: ({ after, limit }) =>
      toChildrenLeftBehind(
        session.all<BoundChildRow>(
          `SELECT c.job_id, c.stop_requested_at IS NULL AND p.status IN ('Stopped', 'Failed') AS is_left
           FROM jobs c INDEXED BY jobs_stopped_with_parent LEFT JOIN jobs p ON p.job_id = c.parent_job_id
           WHERE c.stop_with_parent = 1 AND c.ended_at IS NULL AND c.job_id > ?
           ORDER BY c.job_id LIMIT +?`,
          after === undefined ? new Uint8Array() : idToBytes(after),
          limit,
        ),
        limit,
      ),

    pinnedChildren: ({ jobId }) =>
      session
        .all<PinnedRow>("SELECT name, version_id FROM job_children WHERE job_id = ? ORDER BY name", idToBytes(jobId))
        .map(toPinnedChild),

    publishedChildren: ({ names }) =>
      session
        .all<PublishedChildRow>(
          `SELECT r.name, r.runbook_id, v.version_id, v.calls
           FROM runbooks r JOIN runbook_versions v ON v.version_id = r.published_version_id
           WHERE r.workspace_id = ? AND r.enabled = 1 AND r.name IN (SELECT value FROM json_each(?))
             AND v.executable_hash IS NOT NULL
           ORDER BY r.name`,
          defaultWorkspace,
          JSON.stringify(names),
        )
        .map(toPublishedChild),
  };
}

export function childJobWrites(session: SqliteSession): ChildJobWrites {
  return {
    pinChild: ({ jobId, name, versionId }) => {
      session.run(
        "INSERT INTO job_children (job_id, name, version_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        idToBytes(jobId),
        name,
        idToBytes(versionId),
      );
      const kept = session.first<PinnedRow>(
        "SELECT name, version_id FROM job_children WHERE job_id = ? AND name = ?",
        idToBytes(jobId),
        name,
      );
      return kept === undefined ? { name, versionId } : toPinnedChild(kept);
    },

    hurryJob: ({ jobId, waitingJobId, highest }) => {
      const job = idToBytes(jobId);
      const behind = session.first<{ priority: number }>(
        `SELECT MIN(w.priority + 1, ?3) AS priority FROM jobs j JOIN jobs w ON w.job_id = ?1
         WHERE j.job_id = ?2 AND j.status = 'New' AND j.priority <= w.priority AND j.priority < ?3`,
        idToBytes(waitingJobId),
        job,
        highest,
      );
      if (behind === undefined) {
        return;
      }
      session.run(
        `UPDATE job_queue SET rank = ?1, tag = COALESCE(
           (SELECT p.tag FROM queue_positions p WHERE p.placement_id = job_queue.placement_id AND p.rank = ?1), 1)
         WHERE job_id = ?2`,
        -behind.priority,
        job,
      );
      session.run("UPDATE jobs SET priority = ? WHERE job_id = ?", behind.priority, job);
    },
  };
}

function readAncestors(session: SqliteSession, jobId: string, limit: number): JobAncestor[] {
  const found: JobAncestor[] = [];
  for (let next: string | null = jobId; next !== null && found.length < limit; ) {
    const row: JobAncestorRow | undefined = session.first<JobAncestorRow>(
      `SELECT ${jobAncestorColumns} FROM jobs WHERE job_id = ?`,
      idToBytes(next),
    );
    const ancestor: JobAncestor | null = row === undefined ? null : toJobAncestor(row);
    if (ancestor !== null) {
      found.push(ancestor);
    }
    next = ancestor?.parentJobId ?? null;
  }
  return found;
}
