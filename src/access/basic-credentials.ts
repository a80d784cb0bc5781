import { createHmac, randomBytes } from "node:crypto";
import { UserError } from "../contract/user-error.ts";
import type { PasswordSignIn } from "./password-sign-in.ts";
import type { Principal } from "./principal.ts";
import { principalOf } from "./principal-of.ts";
import { RememberedPrincipals } from "./remembered-principals.ts";
import { UnderWay } from "./under-way.ts";

/**
 * Names and passwords that come with every request (RFC 7617), as SMA's clients send them. One that was right is remembered for a minute
 * at most, under a hash keyed by what only this process knows, and forgotten with any change of its user, its groups or its rights.
 */
export class BasicCredentials {
  readonly #signIn: PasswordSignIn;
  readonly #remembered = new RememberedPrincipals();
  readonly #key = randomBytes(32);
  /** Checks under way: requests that come at once with the same credentials wait for one. */
  readonly #checking = new UnderWay<Principal>();

  constructor(signIn: PasswordSignIn) {
    this.#signIn = signIn;
  }

  /**
   * Whose the credentials are; at once when they were right within the last minute.
   * @param credentials what follows `Basic` in the header
   * @throws UserError `sign-in-refused` (401), `too-many-sign-ins` (429), `sign-in-busy` (503)
   */
  authenticate(credentials: string, address: string): Principal | Promise<Principal> {
    const key = createHmac("sha256", this.#key).update(credentials).digest("base64url");
    const known = this.#remembered.find(key, Date.now());
    if (known !== undefined) {
      return known;
    }
    return this.#checking.of(key, () => this.#check(credentials, key, address));
  }

  /** @param ids of principals and groups that were changed */
  forget(ids: ReadonlySet<string>): void {
    this.#remembered.forgetAll(ids);
    this.#checking.clear();
  }

  forgetEverybody(): void {
    this.#remembered.forgetEverybody();
    this.#checking.clear();
  }

  async #check(credentials: string, key: string, address: string): Promise<Principal> {
    const { changes } = this.#remembered;
    const text = Buffer.from(credentials, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 1) {
      throw new UserError("sign-in-refused", "The header of Basic authentication holds no name and password.", {
        status: 401,
        remedy: "Send Authorization: Basic and the base64 of NAME:PASSWORD, in UTF-8.",
      });
    }
    const account = await this.#signIn.check(text.slice(0, colon), text.slice(colon + 1), address);
    const principal: Principal = {
      ...principalOf(account),
      ...(account.mustChangePassword && { mustChangePassword: true }),
    };
    this.#remembered.remember(key, principal, null, changes);
    return principal;
  }
}
