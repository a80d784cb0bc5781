import type { SignInAccount } from "../store/operations/sign-ins.ts";
import type { Store } from "../store/store.ts";
import { HeldUp } from "./held-up.ts";
import { hashPassword, isOutdated, isPassword } from "./password-hash.ts";
import { SignInRefused } from "./sign-in-refused.ts";
import type { SignInThrottle } from "./sign-in-throttle.ts";
import { comparableName } from "./sign-in-throttle.ts";

/** Longer ones are nobody's; this bounds what is hashed. */
const longestPassword = 1024;

/** Checks names and passwords, for sessions and for Basic authentication. */
export class PasswordSignIn {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #throttle: SignInThrottle;

  constructor(store: Pick<Store, "read" | "write">, throttle: SignInThrottle) {
    this.#store = store;
    this.#throttle = throttle;
  }

  /**
   * The user of this name whose password this is. Whether there is no such user, it is disabled, has no password, or has another one,
   * the answer is the same, and takes the same time.
   * @param address where the attempt comes from
   * @throws UserError `sign-in-refused` (401), `too-many-sign-ins` (429), `sign-in-busy` (503)
   */
  async check(name: string, password: string, address: string): Promise<SignInAccount> {
    const wait = this.#throttle.begin(name, address);
    if (wait !== null) {
      throw new HeldUp("too-many-sign-ins", "There were too many attempts to sign in with a wrong name or password.", {
        retryAfter: wait,
        remedy: `Wait ${wait} s. An administrator can set a new password, and tokens go on working.`,
      });
    }
    const found = await this.#store.read.signInAccount({ name });
    // SQL Server ignores blanks at the end and the width of letters, and each way to write a name would be held up apart.
    const account = found !== null && comparableName(found.name) === comparableName(name) ? found : null;
    const fits = await isPassword(password.slice(0, longestPassword), account?.passwordHash ?? null);
    if (!fits || account === null || !account.enabled || password.length > longestPassword) {
      throw new SignInRefused(account === null ? null : { principalId: account.principalId, name: account.name });
    }
    this.#throttle.succeeded(name, address);
    return { ...account, passwordHash: await this.#renewed(account, password) };
  }

  /** The password is known in this moment only: a hash by former parameters is made anew. */
  async #renewed({ principalId, passwordHash }: SignInAccount, password: string): Promise<string | null> {
    if (passwordHash === null || !isOutdated(passwordHash)) {
      return passwordHash;
    }
    const renewed = await hashPassword(password);
    await this.#store.write.renewPasswordHash({ principalId, former: passwordHash, passwordHash: renewed });
    return renewed;
  }
}
