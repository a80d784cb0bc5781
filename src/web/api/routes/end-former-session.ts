import type { AccessFeature } from "../../../access/access-feature.ts";
import { HeldUp } from "../../../access/held-up.ts";
import { sessionSecretOf } from "../session-cookie.ts";

/** Who signs in anew in a browser leaves no session behind in it. @param cookie the header of the request */
export async function endFormerSession(
  access: AccessFeature,
  cookie: string | undefined,
  from: { address: () => string; secure: () => boolean },
): Promise<void> {
  const former = sessionSecretOf(cookie, from.secure());
  if (former === undefined) {
    return;
  }
  const principal = await Promise.resolve(access.authenticateSession(former, () => undefined, from.address)).catch(
    (error: unknown) => {
      // Who has just shown to be somebody signs in, whatever cookies others send from the same address.
      if (error instanceof HeldUp) {
        return null;
      }
      throw error;
    },
  );
  if (principal?.sessionId !== undefined) {
    await access.endSession(principal.sessionId);
  }
}
