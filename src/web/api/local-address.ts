import { UserError } from "../../contract/user-error.ts";

const placeholder = "http://local.invalid";

/**
 * A path of this service with its query, to send a browser to: never an address elsewhere, however it is written.
 * @throws UserError `invalid-request` for anything else
 */
export function localAddress(text: string): string {
  const url =
    /^\/(?![/\\])[\x21-\x7e]*$/.test(text) && URL.canParse(text, placeholder) ? new URL(text, placeholder) : null;
  if (url === null || url.origin !== placeholder || url.pathname.startsWith("//")) {
    throw new UserError("invalid-request", "The address to return to is no path of this service.", {
      remedy: "Send a path that begins with one slash, such as /jobs.",
      errors: [{ pointer: "/query/returnTo", message: "is no path of this service" }],
    });
  }
  return url.pathname + url.search + url.hash;
}
