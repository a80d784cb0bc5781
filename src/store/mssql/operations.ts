import type { Asynchronous, ReadOperations, WriteOperations } from "../store.ts";
import { accessReads, accessWriteRules, accessWrites } from "./access.ts";
import { idempotencyReads, idempotencyWriteRules, idempotencyWrites } from "./idempotency.ts";
import { installationReads } from "./installation.ts";
import { runbookReads } from "./runbook-reads.ts";
import { runbookWriteRules, runbookWrites } from "./runbook-writes.ts";
import type { MssqlSession, WriteRules } from "./session.ts";

/** All reads over one session. */
export function readOperations(session: MssqlSession): Partial<Asynchronous<ReadOperations>> {
  return {
    ...installationReads(session),
    ...runbookReads(session),
    ...accessReads(session),
    ...idempotencyReads(session),
  };
}

/** All writes over one session. */
export function writeOperations(session: MssqlSession): Partial<Asynchronous<WriteOperations>> {
  return {
    ...runbookWrites(session),
    ...accessWrites(session),
    ...idempotencyWrites(session),
  };
}

/** How each write is carried out. */
export const writeRules: Partial<WriteRules<WriteOperations>> = {
  ...runbookWriteRules,
  ...accessWriteRules,
  ...idempotencyWriteRules,
};
