import { AsyncLocalStorage } from "node:async_hooks";
import type { PrincipalKind } from "./operations/access.ts";

/** Who does something and from where, as the audit tells it of every change. */
export interface Actor {
  /** Null for the service itself. */
  principalId: string | null;
  name: string;
  kind: PrincipalKind | "service";
  /** What it signed in by, such as `token 0195e7c4-…`. */
  signedInBy: string | null;
  /** The address that the request came from. */
  address: string | null;
  requestId: string | null;
}

/** What the service does by itself. */
export const serviceItself: Actor = {
  principalId: null,
  name: "service",
  kind: "service",
  signedInBy: null,
  address: null,
  requestId: null,
};

const acting = new AsyncLocalStorage<Actor>();

/**
 * Does `work` in somebody's name: every write that is asked for within it, also after an `await`, is theirs. It is not a parameter of
 * each write, as then every feature would have to hand it on, and could forget to.
 */
export function actAs<Result>(actor: Actor, work: () => Result): Result {
  return acting.run(actor, work);
}

/** In whose name the caller acts; undefined when nobody's: it is the service itself then. */
export function currentActor(): Actor | undefined {
  return acting.getStore();
}
