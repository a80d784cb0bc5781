import { UserError } from "../../contract/user-error.ts";
import type { Store } from "../../store/store.ts";
import { HeldUp } from "../held-up.ts";
import type { SignInThrottle } from "../sign-in-throttle.ts";
import { IdentityUsers } from "./identity-users.ts";
import { OpenIdClient } from "./open-id-client.ts";
import type { SignInProviders } from "./sign-in-providers.ts";

/** Signs users in at providers of OpenID Connect. */
export class OpenIdSignIn {
  readonly #providers: SignInProviders;
  readonly #throttle: SignInThrottle;
  readonly #users: IdentityUsers;
  readonly #client = new OpenIdClient();

  constructor(
    store: Pick<Store, "read" | "write">,
    parts: { providers: SignInProviders; throttle: SignInThrottle; forget: (principalId: string) => void },
  ) {
    this.#providers = parts.providers;
    this.#throttle = parts.throttle;
    this.#users = new IdentityUsers(store, parts.forget);
  }

  /**
   * @param redirectUri where the provider sends the browser back to
   * @returns where to send the browser now, and the secret that it keeps until it is back
   * @throws UserError `sign-in-provider-not-found` (404), `provider-not-reachable` (503)
   */
  async begin(provider: string, redirectUri: string): Promise<{ url: string; secret: string }> {
    return this.#client.begin(await this.#providers.find(provider), redirectUri);
  }

  /**
   * The user who has come back.
   * @param answer the whole address that the browser came back to
   * @param secret what the browser kept; undefined when it kept nothing
   * @throws UserError `sign-in-provider-not-found` (404), `provider-refused` (401), `provider-not-reachable` (503), `no-new-users` (403),
   * `too-many-sign-ins` (429)
   */
  async finish(
    provider: string,
    answer: URL,
    secret: string | undefined,
    address: string,
  ): Promise<{ principalId: string }> {
    const found = await this.#providers.find(provider);
    if (secret === undefined) {
      throw new UserError("provider-refused", "This browser did not begin to sign in, or did so too long ago.", {
        status: 401,
        remedy: "Begin anew, in this browser, and with its cookies.",
      });
    }
    // Each one stands for itself: a provider is no account that others could lock.
    const wait = this.#throttle.begin(secret, address);
    if (wait !== null) {
      throw new HeldUp("too-many-sign-ins", "There were too many attempts to sign in that did not succeed.", {
        retryAfter: wait,
        remedy: `Wait ${wait} s.`,
      });
    }
    const claims = await this.#client.finish(found, answer, secret);
    const user = await this.#users.userOf(found, claims);
    this.#throttle.succeeded(secret, address);
    return user;
  }
}
