import type { SignInProviderSettings } from "../../contract/api/sign-in-provider.ts";
import { UserError } from "../../contract/user-error.ts";

/** A provider as it is used. */
export interface SignInProvider extends SignInProviderSettings {
  /** Null for a client without one, which PKCE alone protects. */
  clientSecret: string | null;
  /** Differs whenever anything of it was changed. */
  version: string;
}

/** What may be left out of the settings, and what it is then. */
export const usualProviderSettings = {
  scopes: ["profile", "email"],
  nameClaim: "preferred_username",
  groupsClaim: "groups",
  groups: {},
  newUsers: "everybody",
} as const satisfies Partial<SignInProviderSettings>;

/**
 * The issuer, as its provider writes it.
 * @throws UserError `invalid-issuer` for what is no address, or would send secrets unencrypted to another machine
 */
export function checkIssuer(issuer: string): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : null;
  const isLocal = url !== null && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url === null || (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal))) {
    throw new UserError("invalid-issuer", `"${issuer}" is not the issuer of a provider: it is an address with https.`, {
      remedy: "Take it from the provider's documents, or from issuer in its /.well-known/openid-configuration.",
      errors: [{ pointer: "/issuer", message: "is no https address" }],
    });
  }
}
