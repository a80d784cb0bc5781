import { UserError } from "../../contract/user-error.ts";
import type { Actor } from "../actor.ts";
import { auditEntry } from "../audit/audit-entry.ts";
import type { AuditedOperation, Look } from "../audit/audit-rule.ts";
import { newId } from "../new-id.ts";
import type { AuditKey } from "../operations/audit.ts";
import type { Asynchronous, ReadOperations } from "../store.ts";
import { insertAuditEntry } from "./audit.ts";
import type { MssqlSession } from "./session.ts";

/** Milliseconds. */
const longestWait = 10_000;

type Rule = AuditedOperation<unknown, unknown>;

/** Writes the audit's entries, each in the transaction of the write that it tells. */
export class AuditTrail {
  readonly #readsOf: (session: MssqlSession) => object;
  #key: AuditKey | null = null;

  constructor(readsOf: (session: MssqlSession) => object) {
    this.#readsOf = readsOf;
  }

  stampWith(key: AuditKey): void {
    this.#key = key;
  }

  /** Runs an audited write within a transaction, and tells of it what its rule says. */
  async run(
    session: MssqlSession,
    rule: Rule,
    argument: unknown,
    actor: Actor | undefined,
    write: () => Promise<unknown>,
  ): Promise<unknown> {
    const reads = this.#readsOf(session) as Asynchronous<ReadOperations>;
    const look = rule.look?.(argument, undefined) ?? null;
    if (look !== null) {
      await takeTurn(session, look.read);
    }
    const before = await see(reads, look);
    const result = await write();
    const after = await see(reads, rule.look?.(argument, result));
    const told = rule.tell({ argument, result, before, after });
    const changes = told === null ? [] : [told].flat();
    if (changes.length > 0) {
      const now = await timeOf(session);
      for (const change of changes) {
        const entry = auditEntry(change, { actor, entryId: newId(), now, key: this.#key });
        if (entry !== null) {
          await insertAuditEntry(session, entry);
        }
      }
    }
    return result;
  }
}

/**
 * Until the commit nobody else changes a thing of this kind: else another change could come between the look before and the write, and
 * would be told as a part of it. @throws UserError `database-busy` (503)
 */
async function takeTurn(session: MssqlSession, kind: string): Promise<void> {
  const turn = await session.first<{ granted: number }>(
    `DECLARE @granted int;
     EXECUTE @granted = sp_getapplock @Resource = @resource, @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = ${longestWait};
     SELECT @granted AS granted`,
    { resource: `runsmith audit ${kind}` },
  );
  if ((turn?.granted ?? -1) < 0) {
    throw new UserError("database-busy", `Other changes of the same kind took longer than ${longestWait / 1000} s.`, {
      status: 503,
      remedy: "Try again in a moment. If it goes on, look at what else the database does.",
    });
  }
}

async function see(reads: Asynchronous<ReadOperations>, look: Look | null | undefined): Promise<unknown> {
  if (look === null || look === undefined) {
    return null;
  }
  const read = reads[look.read] as (argument?: unknown) => Promise<unknown>;
  return "of" in look ? read(look.of) : read();
}

async function timeOf(session: MssqlSession): Promise<number> {
  const row = await session.first<{ now: number }>("SELECT CAST(SYSUTCDATETIME() AS datetime2(3)) AS now");
  if (row === undefined) {
    throw new Error("The database did not tell its time.");
  }
  return row.now;
}
