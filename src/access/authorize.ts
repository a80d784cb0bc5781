import { UserError } from "../contract/user-error.ts";
import type { Permission, Target } from "./permission.ts";
import { covers, permissionsOfRole } from "./permission.ts";
import type { Principal, Role } from "./principal.ts";

/**
 * Whether a principal has a permission on a thing. Administrators have every permission; a worker has none; and nobody has one that is
 * outside of the scope of the token at hand.
 */
export function permits(principal: Principal, permission: Permission, target: Target): boolean {
  return (
    isInScope(principal, permission) &&
    (principal.roles.includes("administrator") ||
      principal.rights.some(({ role, on }) => permissionsOfRole[role].includes(permission) && covers(on, target)))
  );
}

/** Whether there is anything on which the principal has the permission. */
export function permitsSomewhere(principal: Principal, permission: Permission): boolean {
  return (
    isInScope(principal, permission) &&
    (principal.roles.includes("administrator") ||
      principal.rights.some(({ role }) => permissionsOfRole[role].includes(permission)))
  );
}

/** Whether the token at hand was made for this permission; without a token everything is. */
export function isInScope({ scope }: Principal, permission: Permission): boolean {
  return scope === undefined || scope.includes(permission);
}

/**
 * Lets a principal pass that has the permission on the thing. What it may not even read is as if it were not there: ask
 * for `read` first and answer as for an unknown thing.
 * @param thing how the refusal names the thing, such as `the runbook Restart-Service`
 * @throws UserError `not-permitted` (403)
 */
export function authorize(principal: Principal, permission: Permission, target: Target, thing: string): void {
  if (!permits(principal, permission, target)) {
    refuseOutOfScope(principal, permission);
    throw new UserError("not-permitted", `${principal.name} has no right to ${permission} ${thing}.`, {
      status: 403,
      remedy: `Ask an administrator for a right that includes "${permission}" there.`,
    });
  }
}

/** As `authorize`, for routes whose feature decides about the single thing: refused when there is nothing to decide about. */
export function requireSomewhere(principal: Principal, permission: Permission): void {
  if (!permitsSomewhere(principal, permission)) {
    refuseOutOfScope(principal, permission);
    throw new UserError("not-permitted", `${principal.name} has no right to ${permission} anything.`, {
      status: 403,
      remedy:
        principal.kind === "worker"
          ? "A worker's token can only open a worker link. Use another token."
          : `Ask an administrator for a right that includes "${permission}".`,
    });
  }
}

/**
 * Lets a principal pass that holds the role, and nobody else. Roles do not include one another:
 * a worker's token must be able to do nothing else, and an administrator is no worker.
 * @throws UserError `not-permitted` (403)
 */
export function requireRole(principal: Principal, role: Role): void {
  if (!principal.roles.includes(role)) {
    throw new UserError("not-permitted", `This needs the role ${role}, which ${principal.name} does not hold.`, {
      status: 403,
      remedy:
        principal.kind === "worker"
          ? "A worker's token can only open a worker link. Use an administrator's token."
          : `Ask an administrator for the role ${role}.`,
    });
  }
  if (role === "administrator") {
    refuseOutOfScope(principal, "administer");
  }
}

/** Whatever the principal may, a token that was made for less may less. */
function refuseOutOfScope(principal: Principal, permission: Permission): void {
  if (!isInScope(principal, permission)) {
    throw new UserError(
      "not-permitted",
      `This token of ${principal.name} was made for less (${principal.scope?.join(", ")}), and this needs "${permission}".`,
      { status: 403, remedy: `Use a token whose scope includes "${permission}".` },
    );
  }
}

/** Lets everybody pass who is signed in, except workers: their tokens open the worker link and nothing else. */
export function requireNoWorker(principal: Principal): void {
  if (principal.kind === "worker") {
    throw new UserError("not-permitted", `${principal.name} is a worker.`, {
      status: 403,
      remedy: "A worker's token can only open a worker link. Use another token.",
    });
  }
}
