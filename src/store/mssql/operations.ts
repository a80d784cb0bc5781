import type { Asynchronous, ReadOperations, WriteOperations } from "../store.ts";
import { accessReads, accessWriteRules, accessWrites } from "./access.ts";
import { assetReads } from "./assets-read.ts";
import { assetWriteRules, assetWrites } from "./assets-write.ts";
import { auditReads, auditWriteRules, auditWrites } from "./audit.ts";
import { changeReads } from "./changes.ts";
import { childJobReads, childJobWriteRules, childJobWrites } from "./child-jobs.ts";
import { dispatchReads, dispatchWriteRules, dispatchWrites } from "./dispatch.ts";
import { dutyLeaseWriteRules, dutyLeaseWrites } from "./duty-leases.ts";
import { folderReads, folderWriteRules, folderWrites } from "./folders.ts";
import { groupMemberReads, groupMemberWriteRules, groupMemberWrites } from "./group-members.ts";
import { idempotencyReads, idempotencyWriteRules, idempotencyWrites } from "./idempotency.ts";
import { installationReads } from "./installation.ts";
import { jobParameterReads, jobParameterWriteRules, jobParameterWrites } from "./job-parameters.ts";
import { jobSecretReads, jobSecretWriteRules, jobSecretWrites } from "./job-secrets.ts";
import { jobStepReads, jobStepWriteRules, jobStepWrites } from "./job-steps.ts";
import { jobReads, jobWriteRules, jobWrites } from "./jobs.ts";
import { noticeReads } from "./notices-read.ts";
import { noticeWriteRules, noticeWrites } from "./notices-write.ts";
import { rightReads, rightWriteRules, rightWrites } from "./rights.ts";
import { runbookReads } from "./runbook-reads.ts";
import { runbookWriteRules, runbookWrites } from "./runbook-writes.ts";
import { scheduleReads } from "./schedules-read.ts";
import { scheduleWriteRules, scheduleWrites } from "./schedules-write.ts";
import { sealingReads, sealingWriteRules, sealingWrites } from "./sealing.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { signInProviderReads, signInProviderWriteRules, signInProviderWrites } from "./sign-in-providers.ts";
import { signInReads, signInWriteRules, signInWrites } from "./sign-ins.ts";
import { streamReads, streamWriteRules, streamWrites } from "./streams.ts";
import { workerGroupReads, workerGroupWriteRules, workerGroupWrites } from "./worker-groups.ts";
import { workerReads, workerWriteRules, workerWrites } from "./workers.ts";

/** All reads over one session. */
export function readOperations(session: MssqlSession): Asynchronous<ReadOperations> {
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
    ...changeReads(session),
    ...noticeReads(session),
    ...scheduleReads(session),
    ...dispatchReads(session),
    ...streamReads(session),
    ...workerGroupReads(session),
    ...workerReads(session),
  };
}

/** All writes over one session. */
export function writeOperations(session: MssqlSession): Asynchronous<WriteOperations> {
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
    ...dutyLeaseWrites(session),
    ...noticeWrites(session),
    ...scheduleWrites(session),
    ...dispatchWrites(session),
    ...streamWrites(session),
    ...workerGroupWrites(session),
    ...workerWrites(session),
  };
}

/** How each write is carried out. */
export const writeRules: WriteRules<WriteOperations> = {
  ...runbookWriteRules,
  ...sealingWriteRules,
  ...assetWriteRules,
  ...accessWriteRules,
  ...groupMemberWriteRules,
  ...signInWriteRules,
  ...signInProviderWriteRules,
  ...rightWriteRules,
  ...folderWriteRules,
  ...auditWriteRules,
  ...idempotencyWriteRules,
  ...jobWriteRules,
  ...childJobWriteRules,
  ...jobParameterWriteRules,
  ...jobSecretWriteRules,
  ...jobStepWriteRules,
  ...dutyLeaseWriteRules,
  ...noticeWriteRules,
  ...scheduleWriteRules,
  ...dispatchWriteRules,
  ...streamWriteRules,
  ...workerGroupWriteRules,
  ...workerWriteRules,
};
