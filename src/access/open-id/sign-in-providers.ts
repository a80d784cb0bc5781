import { UserError } from "../../contract/user-error.ts";
import type { SignInProvider } from "./provider-settings.ts";

/** The providers by which users may sign in. */
export class SignInProviders {
  readonly #fromFile: readonly SignInProvider[];

  constructor(fromFile: readonly SignInProvider[]) {
    this.#fromFile = fromFile;
  }

  /** Those that are enabled, by name. */
  async enabled(): Promise<SignInProvider[]> {
    return [...this.#fromFile].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** @throws UserError `sign-in-provider-not-found` (404) */
  async find(name: string): Promise<SignInProvider> {
    const found = (await this.enabled()).find((provider) => provider.name === name);
    if (found === undefined) {
      throw new UserError("sign-in-provider-not-found", `There is no sign-in provider ${name}.`, {
        status: 404,
        remedy: "GET /api/sign-in lists them.",
      });
    }
    return found;
  }
}
