import { UserError } from "../contract/user-error.ts";
import { isInScope } from "./authorize.ts";
import type { Principal } from "./principal.ts";

/**
 * Refuses tokens that were made for less than all that their principal may do: what is asked for is about the principal itself.
 * @throws UserError `not-permitted` (403)
 */
export function refuseScopedToken({ scope, name }: Principal): void {
  if (scope !== undefined) {
    throw new UserError("not-permitted", `This token was made for ${scope.join(", ")}, not for what ${name} is.`, {
      status: 403,
      remedy: "Sign in, or use a token without a scope.",
    });
  }
}

/**
 * Jobs may use what their principal may use; a token that was made for less must not come to that by way of a job.
 * @throws UserError `not-permitted` (403)
 */
export function refuseNarrowToken(caller: Principal): void {
  if (!isInScope(caller, "use")) {
    throw new UserError(
      "not-permitted",
      `The token of ${caller.name} was not made for "use", and jobs would act as ${caller.name}.`,
      { status: 403, remedy: 'Use a token whose scope includes "use".' },
    );
  }
}
