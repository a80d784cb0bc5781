import type { AccessFeature } from "../../../access/access-feature.ts";
import { sessionSecretOf } from "../session-cookie.ts";

/** Who signs in anew in a browser leaves no session behind in it. @param cookie the header of the request */
export async function endFormerSession(
  access: AccessFeature,
  cookie: string | undefined,
  secure: boolean,
): Promise<void> {
  const former = sessionSecretOf(cookie, secure);
  const principal = former === undefined ? null : await access.authenticateSession(former, () => undefined);
  if (principal?.sessionId !== undefined) {
    await access.endSession(principal.sessionId);
  }
}
