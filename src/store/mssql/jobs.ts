import type { JobReads, JobWrites } from "../operations/jobs.ts";
import type { Asynchronous } from "../store.ts";
import { completeJobs } from "./attempt-ends.ts";
import { GatheredClaims } from "./gathered-claims.ts";
import { JobAcceptance, jobAcceptedBefore } from "./jobs-accept.ts";
import { JobClaims } from "./jobs-claim.ts";
import { failOverdueJobs, overdueJobsExist, releaseParkedJobs } from "./jobs-duties.ts";
import { readJobs } from "./jobs-list.ts";
import { purgeBoundary, purgeJobs } from "./jobs-purge.ts";
import {
  readAttempts,
  readJob,
  readJobStanding,
  readJobsById,
  readJobToRetry,
  readQueueLengths,
  readSilentAttempts,
  readVersionToRun,
} from "./jobs-read.ts";
import { stopJob } from "./jobs-stop.ts";
import type { MssqlSession, WriteRules } from "./session.ts";

export function jobReads(session: MssqlSession): Asynchronous<JobReads> {
  return {
    job: (of) => readJob(session, of),
    jobsById: (of) => readJobsById(session, of),
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

/** Each is one procedure, or several that stand alone; a claim whose answer was lost is looked up. */
export const jobWriteRules: WriteRules<JobWrites> = {
  acceptJob: "single",
  claimJobs: "single",
  putBackJob: "single",
  endAttempt: "single",
  stopJob: "single",
  failOverdueJobs: "single",
  giveUpAttempts: "single",
  releaseParkedJobs: "single",
  purgeJobs: "single",
};

export function jobWrites(session: MssqlSession): Asynchronous<JobWrites> {
  const acceptance = new JobAcceptance(session);
  const claims = new GatheredClaims(new JobClaims(session));
  return {
    acceptJob: (job) => acceptance.accept(job),
    claimJobs: (of) => claims.claim(of),
    putBackJob: ({ reason, ...attempt }) => completeJobs(session, [{ ...attempt, declined: reason }]),
    endAttempt: (of) => completeJobs(session, [of]),
    stopJob: (of) => stopJob(session, of),
    failOverdueJobs: (of) => failOverdueJobs(session, of),
    giveUpAttempts: ({ attempts }) =>
      completeJobs(
        session,
        attempts.map((attempt) => ({ ...attempt, givenUp: true })),
      ),
    releaseParkedJobs: (of) => releaseParkedJobs(session, of),
    purgeJobs: (of) => purgeJobs(session, of),
  };
}
