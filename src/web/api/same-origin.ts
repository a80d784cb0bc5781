import type { IncomingMessage } from "node:http";
import { UserError } from "../../contract/user-error.ts";

/** What a request's own origin is known by, besides its headers. */
export interface OwnOrigin {
  /** The host by which the browser knows this service, such as `runsmith.example:9090`. */
  host: string;
  secure: boolean;
}

const safeMethods: ReadonlySet<string | undefined> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses a request that changes something and that a browser sends, with its cookies, in the name of another site. Browsers say where a
 * request comes from: by Sec-Fetch-Site, older ones by Origin.
 * @throws UserError `cross-site-request` (403) also when neither says anything
 */
export function requireSameOrigin(request: IncomingMessage, own: OwnOrigin): void {
  if (!safeMethods.has(request.method) && (saysOther(request, own) || saysNothing(request))) {
    throw crossSite();
  }
}

/**
 * The same for requests that need no cookie, such as signing in: what says nothing comes from no browser, and passes.
 * @throws UserError `cross-site-request` (403)
 */
export function refuseOtherOrigin(request: IncomingMessage, own: OwnOrigin): void {
  if (saysOther(request, own)) {
    throw crossSite();
  }
}

function saysNothing({ headers }: IncomingMessage): boolean {
  return headers["sec-fetch-site"] === undefined && headers.origin === undefined;
}

function saysOther({ headers }: IncomingMessage, own: OwnOrigin): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) {
    return site !== "same-origin";
  }
  return headers.origin !== undefined && headers.origin !== `${own.secure ? "https" : "http"}://${own.host}`;
}

function crossSite(): UserError {
  return new UserError("cross-site-request", "This request changes something, and comes from another site.", {
    status: 403,
    remedy: "Use the portal of this service, or send a token in the Authorization header.",
  });
}
