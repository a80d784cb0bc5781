import type { DeniedAttempts } from "../../access/denied-attempts.ts";
import { HeldUp } from "../../access/held-up.ts";
import type { Principal } from "../../access/principal.ts";
import { UserError } from "../../contract/user-error.ts";

/** What the guard of every route asks of the access feature. */
export interface Authenticator {
  /** The principal whose token this is, or null. */
  authenticate(token: string, address: () => string): Promise<Principal | null> | Principal | null;
  /** Of the secret in a session's cookie; `replaced` is told what the cookie holds from now on. */
  authenticateSession(
    secret: string,
    replaced: (secret: string) => void,
    address: () => string,
  ): Promise<Principal | null> | Principal | null;
  /** Of what follows `Basic` in the header. Throws `UserError` for what is wrong. */
  authenticateBasic(credentials: string, address: string): Promise<Principal> | Principal;
}

/** Where a request comes from, and who counts what is denied there. */
export interface Origin {
  address: () => string;
  denied: DeniedAttempts;
}

/**
 * The principal of an `Authorization` header: `Bearer` (RFC 6750 §2.1) or `Basic` (RFC 7617).
 * Answers at once, without a turn of the event loop, for what is known already.
 * @throws UserError `not-signed-in`, `token-refused`, `sign-in-refused` (401), `too-many-refusals`, `too-many-sign-ins` (429)
 */
export function callerOf(
  header: string | undefined,
  authenticator: Authenticator,
  origin: Origin,
): Principal | Promise<Principal> {
  const token = bearerToken(header);
  if (token !== undefined) {
    const principal = authenticator.authenticate(token, origin.address);
    return principal instanceof Promise
      ? principal.then(
          (found) => accepted(found, origin),
          (error: unknown) => {
            if (error instanceof HeldUp) {
              origin.denied.tokenRefused(origin.address());
            }
            throw error;
          },
        )
      : accepted(principal, origin);
  }
  const credentials = header === undefined ? undefined : /^basic +(\S+)\s*$/i.exec(header)?.[1];
  if (credentials !== undefined) {
    return authenticator.authenticateBasic(credentials, origin.address());
  }
  throw new UserError("not-signed-in", "This request carries no token.", {
    status: 401,
    remedy:
      "Send Authorization: Bearer TOKEN. The administrator's token is in the file admin.token of the server's data folder.",
  });
}

/**
 * The principal of a session, by the secret in its cookie. Wrong ones are not counted: they cannot be guessed, and browsers keep those
 * of sessions that are over.
 * @param replaced is told what the cookie holds from now on
 * @throws UserError `session-over` (401), `too-many-refusals` (429)
 */
export function callerOfSession(
  secret: string,
  authenticator: Authenticator,
  replaced: (secret: string) => void,
  address: () => string,
): Principal | Promise<Principal> {
  const principal = authenticator.authenticateSession(secret, replaced, address);
  return principal instanceof Promise ? principal.then(signedInStill) : signedInStill(principal);
}

function signedInStill(principal: Principal | null): Principal {
  if (principal === null) {
    throw new UserError("session-over", "You are not signed in any more: the session has ended.", {
      status: 401,
      remedy: "Sign in again.",
    });
  }
  return principal;
}

/** The token of an `Authorization` header; undefined when there is none. */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^bearer +(\S+)\s*$/i.exec(header)?.[1];
}

function accepted(principal: Principal | null, { address, denied }: Origin): Principal {
  if (principal === null) {
    denied.tokenRefused(address());
    throw new UserError("token-refused", "This token is unknown, has expired or was revoked.", {
      status: 401,
      remedy:
        "Use a valid token. On the server's machine, `npx runsmith reset-admin-token` makes a new one for the administrator.",
    });
  }
  return principal;
}
