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

export function principalChanged(name: string): UserError {
  return new UserError("revision-mismatch", `${name} was changed after you read it.`, {
    status: 412,
    remedy: "Read it again and repeat the change on its current state.",
  });
}

export function notAGroup(name: string): UserError {
  return new UserError("not-a-group", `${name} is no group, so it has no members.`, {
    remedy: "List the groups: npx runsmith get-group.",
  });
}

export function notAMember({ kind, name }: { kind: PrincipalKind; name: string }): UserError {
  return new UserError("not-a-member", `${name} is a ${kind}, and groups consist of users and service principals.`, {
    remedy: "Add its users and service principals one by one.",
  });
}

export function identityExists(provider: string): UserError {
  return new UserError("identity-exists", `Another user is known under this identity of ${provider} already.`, {
    status: 409,
    remedy: "Sign in again.",
  });
}

export function idempotencyKeyReused(): UserError {
  return new UserError("idempotency-key-reused", "This Idempotency-Key came with a different request before.", {
    status: 422,
    remedy: "Send a new key with a new request.",
  });
}
