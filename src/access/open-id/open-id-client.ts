import { createHmac } from "node:crypto";
import type { Configuration, IDToken } from "openid-client";
import { UserError } from "../../contract/user-error.ts";
import { newToken } from "../token.ts";
import type { SignInProvider } from "./provider-settings.ts";

/** What a provider says of itself is believed for this long, in milliseconds. */
const discoveryTime = 3_600_000;

/** Seconds of one request to a provider. */
const patience = 10;

/** What a provider says of a user: the claims of its ID token, and of its UserInfo. */
export type Claims = IDToken;

/**
 * Speaks OpenID Connect with providers: the code flow with PKCE, state and nonce. All three come from one secret that the browser keeps
 * in a cookie until it is back, so that the answer may reach another service than the question came from, and counts in that browser only.
 */
export class OpenIdClient {
  readonly #configurations = new Map<string, { found: Promise<Configuration>; until: number }>();

  /**
   * @returns where to send the browser, and the secret that it keeps
   * @throws UserError `provider-not-reachable` (503)
   */
  async begin(provider: SignInProvider, redirectUri: string): Promise<{ url: string; secret: string }> {
    const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import("openid-client");
    const configuration = await this.#configuration(provider);
    const secret = newToken();
    const { state, nonce, verifier } = flowOf(secret, provider);
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: [...new Set(["openid", ...provider.scopes])].join(" "),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    return { url: url.href, secret };
  }

  /**
   * What the provider says of the user who has come back.
   * @param answer the whole address that the browser came back to
   * @throws UserError `provider-refused` (401) for whatever is not as it has to be, `provider-not-reachable` (503)
   */
  async finish(provider: SignInProvider, answer: URL, secret: string): Promise<Claims> {
    const { authorizationCodeGrant, fetchUserInfo } = await import("openid-client");
    const configuration = await this.#configuration(provider);
    const { state, nonce, verifier } = flowOf(secret, provider);
    try {
      const tokens = await authorizationCodeGrant(configuration, answer, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) {
        throw new Error("it sent no ID token");
      }
      const isWhole = provider.nameClaim in claims && (provider.groupsClaim in claims || isEmpty(provider.groups));
      if (isWhole || configuration.serverMetadata().userinfo_endpoint === undefined) {
        return claims;
      }
      return { ...(await fetchUserInfo(configuration, tokens.access_token, claims.sub)), ...claims };
    } catch (error) {
      throw refused(provider, error as Error);
    }
  }

  async #configuration(provider: SignInProvider): Promise<Configuration> {
    const key = `${provider.name} ${provider.version} ${provider.issuer} ${provider.clientId}`;
    const known = this.#configurations.get(key);
    const now = performance.now();
    if (known !== undefined && known.until > now) {
      return known.found;
    }
    for (const [other, { until }] of this.#configurations) {
      if (until <= now || other.startsWith(`${provider.name} `)) {
        this.#configurations.delete(other);
      }
    }
    const found = discovered(provider);
    this.#configurations.set(key, { found, until: now + discoveryTime });
    found.catch(() => this.#configurations.delete(key));
    return found;
  }
}

async function discovered(provider: SignInProvider): Promise<Configuration> {
  const { allowInsecureRequests, ClientSecretBasic, discovery, None } = await import("openid-client");
  const { issuer, clientId, clientSecret } = provider;
  const authentication = clientSecret === null ? None() : ClientSecretBasic(clientSecret);
  // To this machine itself only: `checkIssuer` takes no other.
  const execute = issuer.startsWith("http:") ? [allowInsecureRequests] : [];
  try {
    return await discovery(new URL(issuer), clientId, undefined, authentication, { timeout: patience, execute });
  } catch (error) {
    throw new UserError(
      "provider-not-reachable",
      `The sign-in provider ${provider.displayName} cannot be asked: ${reasonOf(error as Error)}.`,
      {
        status: 503,
        remedy:
          "Try again in a moment. An administrator can look whether its issuer is right and reachable from the server.",
        cause: error,
      },
    );
  }
}

/** The parts of one sign-in that must not be guessed; bound to the provider, so that no other's answer fits. */
function flowOf(secret: string, { name, issuer, clientId }: SignInProvider) {
  const derived = (part: string) =>
    createHmac("sha256", secret)
      .update(JSON.stringify([part, name, issuer, clientId]))
      .digest("base64url");
  return { state: derived("state"), nonce: derived("nonce"), verifier: derived("verifier") };
}

function refused(provider: SignInProvider, error: Error): UserError {
  return new UserError(
    "provider-refused",
    `Signing in by ${provider.displayName} did not succeed: ${reasonOf(error)}.`,
    { status: 401, remedy: "Begin anew. Whoever goes back in the browser, or waits for long, has to.", cause: error },
  );
}

/** In words that hold nothing secret: what the provider told, or the library's. */
function reasonOf(error: Error & { error?: unknown; error_description?: unknown }): string {
  const told = typeof error.error_description === "string" ? error.error_description : error.error;
  const text = typeof told === "string" ? told : error.message;
  return text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 300);
}

function isEmpty(record: object): boolean {
  return Object.keys(record).length === 0;
}
