import type { ReadOperations, WriteOperations } from "../store.ts";
import { accessReads, accessWrites } from "./access.ts";
import { assetReads } from "./assets-read.ts";
import { assetWrites } from "./assets-write.ts";
import { auditReads, auditWrites } from "./audit.ts";
import { changeReads } from "./changes.ts";
import { childJobReads, childJobWrites } from "./child-jobs.ts";
import { dispatchReads, dispatchWrites } from "./dispatch.ts";
import { dutyLeaseWrites } from "./duty-leases.ts";
import { folderReads, folderWrites } from "./folders.ts";
import { groupMemberReads, groupMemberWrites } from "./group-members.ts";
import { idempotencyReads, idempotencyWrites } from "./idempotency.ts";
import { installationReads } from "./installation.ts";
import { jobParameterReads, jobParameterWrites } from "./job-parameters.ts";
import { jobSecretReads, jobSecretWrites } from "./job-secrets.ts";
import { jobStepReads, jobStepWrites } from "./job-steps.ts";
import { jobReads, jobWrites } from "./jobs.ts";
import { noticeReads } from "./notices-read.ts";
import { noticeWrites } from "./notices-write.ts";
import { rightReads, rightWrites } from "./rights.ts";
import { runbookReads, runbookWrites } from "./runbooks.ts";
import { scheduleReads } from "./schedules-read.ts";
import { scheduleWrites } from "./schedules-write.ts";
import { sealingReads, sealingWrites } from "./sealing.ts";
import type { SqliteSession } from "./session.ts";
import { signInProviderReads, signInProviderWrites } from "./sign-in-providers.ts";
import { signInReads, signInWrites } from "./sign-ins.ts";
import { streamReads, streamWrites } from "./streams.ts";
import { workerGroupReads, workerGroupWrites } from "./worker-groups.ts";
import { workerReads, workerWrites } from "./workers.ts";

/** All reads over one connection. */
export function readOperations(session: SqliteSession): ReadOperations {
  return {
    ...installationReads(session),
    ...runbookReads(session),
    ...sealingReads(session),
    ...assetReads(session),
    ...accessReads(session),
    ...groupMemberReads(session),
    ...signInReads(session),
    ...signInProviderReads(session),
    ...rightReads(session),
    ...folderReads(session),
    ...auditReads(session),
    ...idempotencyReads(session),
    ...jobReads(session),
    ...childJobReads(session),
    ...jobParameterReads(session),
    ...jobSecretReads(session),
    ...jobStepReads(session),
    ...noticeReads(session),
    ...scheduleReads(session),
    ...streamReads(session),
    ...changeReads(),
    ...dispatchReads(session),
    ...workerGroupReads(session),
    ...workerReads(session),
  };
}

/** All writes over one connection, each to be run inside a transaction. */
export function writeOperations(session: SqliteSession): WriteOperations {
  return {
    ...runbookWrites(session),
    ...sealingWrites(session),
    ...assetWrites(session),
    ...accessWrites(session),
    ...groupMemberWrites(session),
    ...signInWrites(session),
    ...signInProviderWrites(session),
    ...rightWrites(session),
    ...folderWrites(session),
    ...auditWrites(session),
    ...idempotencyWrites(session),
    ...jobWrites(session),
    ...childJobWrites(session),
    ...jobParameterWrites(session),
    ...jobSecretWrites(session),
    ...jobStepWrites(session),
    ...noticeWrites(session),
    ...scheduleWrites(session),
    ...streamWrites(session),
    ...dutyLeaseWrites(session),
    ...dispatchWrites(session),
    ...workerGroupWrites(session),
    ...workerWrites(session),
  };
}
