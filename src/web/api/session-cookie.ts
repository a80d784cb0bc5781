/*
 * The cookie of a session, and that of a sign-in at a provider until the browser is back. Over TLS their names begin with `__Host-`, which browsers take from this very host only, for all of its paths,
 * and over TLS only (RFC 6265bis §4.1.3.2); the names without it count only where there is no TLS.
 */

const sessionName = "runsmith-session";
const signInName = "runsmith-sign-in";

/** Seconds that a user may take at a provider. */
const signInTime = 600;

function nameOf(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name;
}

/** The secret in a session's cookie; undefined when there is none. @param header of the request: `Cookie` */
export function sessionSecretOf(header: string | undefined, secure: boolean): string | undefined {
  return cookieOf(header, nameOf(sessionName, secure));
}

/** The `Set-Cookie` that gives a browser its session until it is closed, or the session over. */
export function sessionCookie(secret: string, secure: boolean): string {
  return cookieText(nameOf(sessionName, secure), secret, secure);
}

/** The `Set-Cookie` that takes it away. */
export function noSessionCookie(secure: boolean): string {
  return `${cookieText(nameOf(sessionName, secure), "", secure)}; Max-Age=0`;
}

/** A sign-in at a provider that a browser has begun. */
export interface SignInUnderWay {
  secret: string;
  /** A path of this service. */
  returnTo: string;
}

export function signInCookie({ secret, returnTo }: SignInUnderWay, secure: boolean): string {
  const value = `${secret}.${Buffer.from(returnTo).toString("base64url")}`;
  return `${cookieText(nameOf(signInName, secure), value, secure)}; Max-Age=${signInTime}`;
}

/** The `Set-Cookie` that ends it. */
export function noSignInCookie(secure: boolean): string {
  return `${cookieText(nameOf(signInName, secure), "", secure)}; Max-Age=0`;
}

/** What the browser brought back; undefined when it brought nothing. */
export function signInUnderWay(header: string | undefined, secure: boolean): SignInUnderWay | undefined {
  const found = /^(rs_[\w-]{43})\.([\w-]{1,4000})$/.exec(cookieOf(header, nameOf(signInName, secure)) ?? "");
  return found === null
    ? undefined
    : { secret: found[1] ?? "", returnTo: Buffer.from(found[2] ?? "", "base64url").toString() };
}

/** A cookie that scripts cannot read, that goes to this host only, and that other sites' forms do not send. */
function cookieText(name: string, value: string, secure: boolean): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
}

/** The value of the cookie of this name; undefined when there is none, or more than one. */
function cookieOf(header: string | undefined, name: string): string | undefined {
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
