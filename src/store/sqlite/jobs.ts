import { idToBytes } from "../id-bytes.ts";
import type { JobReads, JobWrites } from "../operations/jobs.ts";
import { acceptJob, jobAcceptedBefore } from "./jobs-accept.ts";
import { claimJobs, putBackJob } from "./jobs-claim.ts";
import { endAttempt, failOverdueJobs, giveUpAttempts, overdueJobsExist } from "./jobs-duties.ts";
import { noEffects } from "./jobs-effects.ts";
import { readJobs } from "./jobs-list.ts";
import { purgeBoundary, purgeJobs } from "./jobs-purge.ts";
import { releaseAllParked, releaseParked } from "./jobs-queue.ts";
import {
  readAttempts,
  readJob,
  readJobStanding,
  readJobToRetry,
  readQueueLengths,
  readSilentAttempts,
  readVersionToRun,
} from "./jobs-read.ts";
import { stopJob } from "./jobs-stop.ts";
import type { SqliteSession } from "./session.ts";

export function jobReads(session: SqliteSession): JobReads {
  return {
    job: (of) => readJob(session, of),
    jobsById: ({ jobIds }) => jobIds.map((jobId) => readJob(session, { jobId })).filter((job) => job !== null),
    jobStanding: (of) => readJobStanding(session, of),
    jobs: (of) => readJobs(session, of),
    jobAcceptedBefore: (of) => jobAcceptedBefore(session, of),
    jobToRetry: (of) => readJobToRetry(session, of),
    jobAttempts: (of) => readAttempts(session, of),
    silentAttempts: (of) => readSilentAttempts(session, of),
    versionToRun: (of) => readVersionToRun(session, of),
    queueLengths: () => readQueueLengths(session),
    overdueJobsExist: () => overdueJobsExist(session),
    purgeBoundary: (of) => purgeBoundary(session, of),
  };
}

export function jobWrites(session: SqliteSession): JobWrites {
  return {
    acceptJob: (job) => acceptJob(session, job),
    claimJobs: (of) => claimJobs(session, of),
    putBackJob: (of) => putBackJob(session, of),
    endAttempt: (of) => endAttempt(session, of),
    stopJob: (of) => stopJob(session, of),
    failOverdueJobs: (of) => failOverdueJobs(session, of),
    giveUpAttempts: (of) => giveUpAttempts(session, of),
    releaseParkedJobs: ({ runbookId, limit }) => {
      const effects = noEffects();
      const more =
        runbookId === undefined
          ? releaseAllParked(session, limit, effects)
          : releaseParked(session, idToBytes(runbookId), limit, effects);
      return { effects, more };
    },
    purgeJobs: (of) => purgeJobs(session, of),
  };
}
