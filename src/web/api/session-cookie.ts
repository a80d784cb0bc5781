/*
 * The cookie of a session. Over TLS its name begins with `__Host-`, which browsers take from this very host only, for all of its paths,
 * and over TLS only (RFC 6265bis §4.1.3.2); the name without it counts only where there is no TLS.
 */

const plainName = "runsmith-session";
const secureName = `__Host-${plainName}`;

/** The secret in a session's cookie; undefined when there is none. @param header of the request: `Cookie` */
export function sessionSecretOf(header: string | undefined, secure: boolean): string | undefined {
  return cookieOf(header, secure ? secureName : plainName);
}

/** The `Set-Cookie` that gives a browser its session until it is closed, or the session over. */
export function sessionCookie(secret: string, secure: boolean): string {
  return cookieText(secure ? secureName : plainName, secret, secure);
}

/** The `Set-Cookie` that takes it away. */
export function noSessionCookie(secure: boolean): string {
  return `${cookieText(secure ? secureName : plainName, "", secure)}; Max-Age=0`;
}

/** A cookie that scripts cannot read, that goes to this host only, and that other sites' forms do not send. */
export function cookieText(name: string, value: string, secure: boolean): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
}

/** The value of the cookie of this name; undefined when there is none, or more than one. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  if (header === undefined) {
    return undefined;
  }
  const values = header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}
