import type { DeniedAttempts } from "../../access/denied-attempts.ts";
import type { Principal } from "../../access/principal.ts";
import { UserError } from "../../contract/user-error.ts";

/** Too many wrong tokens came from where this request came from (RFC 6585 §4). */
export class TooManyRefusals extends UserError {
  /** Seconds. */
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    super("too-many-refusals", "Too many requests with tokens that are good for nothing came from this address.", {
      status: 429,
      remedy: `Find the program that sends a wrong token, and wait ${retryAfter} s. Requests with a good token are not held up.`,
    });
    this.retryAfter = retryAfter;
  }
}

/** What the guard of every route asks of the access feature. */
export interface Authenticator {
  /** The principal whose token this is, or null. */
  authenticate(token: string): Promise<Principal | null> | Principal | null;
}

/** Where a request comes from, and who counts what is denied there. */
export interface Origin {
  address: () => string;
  denied: DeniedAttempts;
}

/**
 * The principal of an `Authorization: Bearer …` header (RFC 6750 §2.1).
 * Answers at once, without a turn of the event loop, for a token that is known already.
 * @throws UserError `not-signed-in`, `token-refused` (401), `too-many-refusals` (429)
 */
export function callerOf(
  header: string | undefined,
  authenticator: Authenticator,
  origin: Origin,
): Principal | Promise<Principal> {
  const token = bearerToken(header);
  if (token === undefined) {
    throw new UserError("not-signed-in", "This request carries no token.", {
      status: 401,
      remedy:
        "Send Authorization: Bearer TOKEN. The administrator's token is in the file admin.token of the server's data folder.",
    });
  }
  const principal = authenticator.authenticate(token);
  return principal instanceof Promise
    ? principal.then((found) => accepted(found, origin))
    : accepted(principal, origin);
}

/** The token of an `Authorization` header; undefined when there is none. */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^bearer +(\S+)\s*$/i.exec(header)?.[1];
}

function accepted(principal: Principal | null, { address, denied }: Origin): Principal {
  if (principal === null) {
    const wait = denied.tokenRefused(address());
    if (wait !== null) {
      throw new TooManyRefusals(wait);
    }
    throw new UserError("token-refused", "This token is unknown, has expired or was revoked.", {
      status: 401,
      remedy:
        "Use a valid token. On the server's machine, `npx runsmith reset-admin-token` makes a new one for the administrator.",
    });
  }
  return principal;
}
