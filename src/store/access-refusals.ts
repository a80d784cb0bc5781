import { UserError } from "../contract/user-error.ts";
import type { PrincipalKind } from "./operations/access.ts";

/* What changes of principals, and repeated requests, are refused with, on every database. */

export function principalExists({ kind, name }: { kind: PrincipalKind; name: string }): UserError {
  return new UserError("principal-exists", `There is a ${kind} called ${name} already.`, {
    status: 409,
    remedy: "Choose another name, or delete that one first.",
  });
}

export function noSuchPrincipal(principalId: string): UserError {
  return new UserError("principal-not-found", `There is no principal ${principalId}.`, {
    status: 404,
    remedy: "Check the id. The principal of a worker goes with it when the worker is removed.",
  });
}

export function idempotencyKeyReused(): UserError {
  return new UserError("idempotency-key-reused", "This Idempotency-Key came with a different request before.", {
    status: 422,
    remedy: "Send a new key with a new request.",
  });
}
