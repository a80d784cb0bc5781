import type { AccessFeature } from "../../../access/access-feature.ts";
import type { Sessions } from "../../../access/sessions.ts";
import { UserError } from "../../../contract/user-error.ts";

/**
 * Begins the session of a user who has just shown to be it.
 * @throws UserError `sign-in-refused` (401) when the user was disabled, removed or given another password meanwhile
 */
export async function beginSession(
  access: AccessFeature,
  session: Parameters<Sessions["begin"]>[0],
): Promise<{ secret: string }> {
  try {
    return await access.sessions.begin(session);
  } catch (error) {
    if (error instanceof UserError && error.code === "principal-not-found") {
      throw new UserError("sign-in-refused", "This user may not sign in, or was changed in this moment.", {
        status: 401,
        remedy: "Sign in again; an administrator can enable the user.",
      });
    }
    throw error;
  }
}
