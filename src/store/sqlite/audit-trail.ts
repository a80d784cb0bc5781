import type { Actor } from "../actor.ts";
import { auditEntry } from "../audit/audit-entry.ts";
import type { Look } from "../audit/audit-rule.ts";
import { auditedOperation } from "../audit/audit-rules.ts";
import type { AuditKey } from "../operations/audit.ts";
import type { ReadOperations } from "../store.ts";
import { insertAuditEntry } from "./audit.ts";
import type { SqliteSession } from "./session.ts";

/** Writes the audit's entries, each in the transaction of the write that it tells. */
export class AuditTrail {
  readonly #session: SqliteSession;
  readonly #reads: ReadOperations;
  #key: AuditKey | null = null;

  constructor(session: SqliteSession, reads: ReadOperations) {
    this.#session = session;
    this.#reads = reads;
  }

  stampWith(key: AuditKey): void {
    this.#key = key;
  }

  /** Runs a write, and tells of it what its rule says. */
  run(name: string, argument: unknown, actor: Actor | undefined, write: () => unknown): unknown {
    const rule = auditedOperation(name);
    if (rule === undefined) {
      return write();
    }
    const before = this.#see(rule.look?.(argument, undefined));
    const result = write();
    const after = this.#see(rule.look?.(argument, result));
    const told = rule.tell({ argument, result, before, after });
    for (const change of told === null ? [] : [told].flat()) {
      const now = this.#session.now();
      const entry = auditEntry(change, { actor, entryId: this.#session.newId(), now, key: this.#key });
      if (entry !== null) {
        insertAuditEntry(this.#session, entry);
      }
    }
    return result;
  }

  #see(look: Look | null | undefined): unknown {
    if (look === null || look === undefined) {
      return null;
    }
    const read = this.#reads[look.read] as (argument?: unknown) => unknown;
    return "of" in look ? read(look.of) : read();
  }
}
