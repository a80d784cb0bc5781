import type { StoredAuditEntry } from "../operations/audit.ts";
import type { ReadOperations } from "../store.ts";

/*
 * What the audit tells of a write operation is declared, once for both databases: `src/store/audit/*-audit.ts`, one file for each group
 * of operations. Every write has to say something, or nothing compiles: either how its entry is made, or why there is none.
 */

/** Something that is read of the database within the transaction: a read operation and its argument. */
export type Look = {
  readonly [Name in keyof ReadOperations]: Parameters<ReadOperations[Name]> extends [infer Argument]
    ? { readonly read: Name; readonly of: Argument }
    : { readonly read: Name };
}[keyof ReadOperations];

/** What an entry says of the change itself. */
export interface ToldChange {
  /** A verb: `create`, `change`, `remove`, `publish`, … */
  action: string;
  kind: string;
  id: string | null;
  name: string | null;
  /** What is different before and after is told, and nothing else. Bytes and the named `secrets` are told as "changed". */
  before: object | null;
  after: object | null;
  /** Members of `before` and `after` whose values nobody may read. */
  secrets?: readonly string[];
  /** Who did it, where that is not who asks for the write. */
  by?: Pick<StoredAuditEntry, "principalId" | "principalName" | "principalKind" | "address">;
}

/** How the entry of an operation is made. */
export interface AuditedOperation<Argument, Result> {
  /** What to read of the thing, before the change (when there is no result yet) and after it; null when there is nothing. */
  look?(argument: Argument, result: Result | undefined): Look | null;
  /** The change, or several, or null when nothing changed. */
  tell(told: {
    argument: Argument;
    result: Result;
    before: unknown;
    after: unknown;
  }): ToldChange | readonly ToldChange[] | null;
}

/** Why there is no entry of an operation. */
export interface NotAudited {
  readonly because: string;
}

export type AuditRule<Argument, Result> = AuditedOperation<Argument, Result> | NotAudited;

/** One rule for each operation of a group. */
export type AuditRules<Operations> = {
  readonly [Name in keyof Operations]: Operations[Name] extends (argument: infer Argument) => infer Result
    ? AuditRule<Argument, Result>
    : never;
};

/** No entry, for this reason. */
export function notAudited(because: string): NotAudited {
  return { because };
}

/** A kind of thing: how what was read of it is told. */
export interface ThingKind<State> {
  kind: string;
  id(state: State): string | null;
  name(state: State): string | null;
  /** What of it is worth telling; all of it, without what every change changes, where nothing is said. */
  facts?(state: State): object;
  /** See `ToldChange`. */
  secrets?: readonly string[];
}

/**
 * A change of a thing that can be read: it is looked at before and after, and told as `create`, `remove`, or else as `action`.
 * @param look the read; without a result it is before the change
 */
export function changeOf<State, Argument, Result>(
  thing: ThingKind<State>,
  look: (argument: Argument, result: Result | undefined) => Look | null,
  action = "change",
): AuditedOperation<Argument, Result> {
  const facts = (state: State | null) => (state === null ? null : (thing.facts?.(state) ?? withoutBookkeeping(state)));
  return {
    look,
    tell(told) {
      const before = told.before as State | null;
      const after = told.after as State | null;
      const state = after ?? before;
      return state === null
        ? null
        : {
            action: before === null ? "create" : after === null ? "remove" : action,
            kind: thing.kind,
            id: thing.id(state),
            name: thing.name(state),
            before: facts(before),
            after: facts(after),
            ...(thing.secrets !== undefined && { secrets: thing.secrets }),
          };
    },
  };
}

const bookkeeping = ["revision", "createdAt", "createdBy", "modifiedAt", "modifiedBy"];

function withoutBookkeeping(state: unknown): object {
  return Object.fromEntries(Object.entries(state as object).filter(([name]) => !bookkeeping.includes(name)));
}
