import { UserError } from "../contract/user-error.ts";
import type { Principal, Role } from "./principal.ts";

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
}
