import type { Actor } from "../actor.ts";
import { auditedOperation } from "../audit/audit-rules.ts";
import { newId } from "../new-id.ts";
import type { AuditKey } from "../operations/audit.ts";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import { AuditTrail } from "./audit-trail.ts";
import { doOnce } from "./idempotency.ts";
import type { Repeating } from "./repeating.ts";
import type { MssqlSession, WriteRule } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

type Operation = (argument: unknown) => Promise<unknown>;
type OperationsOf = (session: MssqlSession) => object;

/** Carries out the store's operations over a pool of connections, and repeats those that failed for a reason that goes away. */
export class OperationRunner {
  readonly #session: MssqlSession;
  readonly #repeating: Repeating;
  readonly #reads: object;
  readonly #writesOf: OperationsOf;
  readonly #writes: object;
  readonly #rules: Readonly<Record<string, WriteRule>>;
  readonly #audit: AuditTrail;

  constructor(
    session: MssqlSession,
    repeating: Repeating,
    operations: { reads: OperationsOf; writes: OperationsOf; rules: Readonly<Record<string, WriteRule>> },
  ) {
    this.#session = session;
    this.#repeating = repeating;
    this.#reads = operations.reads(session);
    this.#writes = operations.writes(session);
    this.#writesOf = operations.writes;
    this.#rules = operations.rules;
    this.#audit = new AuditTrail(operations.reads);
  }

  /** See `Store.stampAudit`. */
  stampAudit(key: AuditKey): void {
    this.#audit.stampWith(key);
  }

  /** A read; see `Store.read`. */
  read(name: string, argument: unknown): Promise<unknown> {
    const operation = operationOf(this.#reads, name);
    return this.#repeating.until(() => operation(argument));
  }

  /** A write in somebody's name; see `Store.write`, and with a key `Store.once`. */
  write(name: string, argument: unknown, once?: IdempotencyKey, actor?: Actor): Promise<unknown> {
    const rule = this.#rules[name];
    if (rule === undefined) {
      throw new TypeError(`The store has no write operation ${name}.`);
    }
    const audited = auditedOperation(name);
    if (rule === "single" && once === undefined && audited === undefined) {
      const operation = operationOf(this.#writes, name);
      return this.#repeating.until(() => operation(argument));
    }
    // Made before the first try: who asks again under it learns what became of a commit that nobody confirmed.
    // So it is with what is audited, which would else be told twice.
    const key = once ?? (rule === "kept" || audited !== undefined ? keyOfThisCall(name) : undefined);
    return this.#repeating.until(() =>
      this.#session.transaction((session) => {
        const write = () => operationOf(this.#writesOf(session), name)(argument);
        const run = () => (audited === undefined ? write() : this.#audit.run(session, audited, argument, actor, write));
        return key === undefined ? run() : doOnce(session, key, run);
      }),
    );
  }
}

function keyOfThisCall(name: string): IdempotencyKey {
  return { principalId: defaultWorkspace, key: `call:${name}:${newId()}`, requestHash: new Uint8Array(32) };
}

function operationOf(operations: object, name: string): Operation {
  const operation = (operations as Readonly<Record<string, Operation | undefined>>)[name];
  if (operation === undefined) {
    throw new TypeError(`The store has no operation ${name}.`);
  }
  return operation;
}
