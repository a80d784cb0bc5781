import { UserError } from "../contract/user-error.ts";
import { isInScope } from "./authorize.ts";
import type { Principal } from "./principal.ts";

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
