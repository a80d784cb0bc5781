import { isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { Page } from "../contract/api/page.ts";
import type { UserResource } from "../contract/api/principal.ts";
import { UserError } from "../contract/user-error.ts";
import type { Principal as StoredPrincipal, UserSettings } from "../store/operations/access.ts";
import type { Store } from "../store/store.ts";
import { hashPassword } from "./password-hash.ts";
import { checkNewPassword } from "./password-rules.ts";
import type { PasswordSignIn } from "./password-sign-in.ts";
import type { Principal } from "./principal.ts";
import type { ChangedBy, PrincipalSettings } from "./principal-administration.ts";
import { PrincipalAdministration } from "./principal-administration.ts";
import { principalResource } from "./principal-resource.ts";

/** What is set of a user; what is left out stays, or is as of a new one. */
export interface UserChange extends PrincipalSettings {
  displayName?: string;
  email?: string | null;
  /** Null takes it away. Every session of the user ends. */
  password?: string | null;
  mustChangePassword?: boolean;
}

/** The people who use this installation. */
export class Users {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #administration: PrincipalAdministration;
  readonly #signIn: PasswordSignIn;

  constructor(store: Pick<Store, "read" | "write">, signIn: PasswordSignIn, forget: (principalId: string) => void) {
    this.#store = store;
    this.#signIn = signIn;
    this.#administration = new PrincipalAdministration(store, "user", forget);
  }

  /** By name; `after` is the `next` of the page before. */
  async list(page: { after?: string; limit: number }): Promise<Page<UserResource>> {
    const { items, next } = await this.#administration.list(page);
    return { items: items.map(userResource), next };
  }

  /** By name or id. @throws UserError `user-not-found` (404) */
  async get(user: string): Promise<UserResource> {
    return userResource(await this.#administration.find(user));
  }

  /** @throws UserError `invalid-name`, `weak-password`, `principal-exists` (409) */
  async create(user: { name: string } & UserChange, by: ChangedBy): Promise<UserResource> {
    const settings = await userSettings(user, user.name);
    return userResource(await this.#administration.create({ ...user, user: settings }, by));
  }

  /** @throws UserError `user-not-found` (404), `weak-password`, `revision-mismatch` (412), `not-yourself` (409) */
  async change(user: string, change: UserChange, by: ChangedBy): Promise<UserResource> {
    const { name } = await this.#administration.find(user);
    const settings = await userSettings(change, name);
    const hasSettings = Object.keys(settings).length > 0;
    return userResource(
      await this.#administration.change(user, { ...change, ...(hasSettings && { user: settings }) }, by),
    );
  }

  /** @throws UserError `user-not-found` (404), `revision-mismatch` (412), `not-yourself` (409), `built-in-principal` (409) */
  remove(user: string, by: ChangedBy): Promise<void> {
    return this.#administration.remove(user, by);
  }

  /**
   * A user changes its own password, which ends its other sessions. Guesses of the current one count as those of a sign-in do.
   * @param passwords `address`: where the request comes from
   * @throws UserError `no-password` (409), `wrong-password` (403), `weak-password`, `too-many-sign-ins` (429)
   */
  async changeOwnPassword(
    caller: Principal,
    { current, next, address }: { current: string; next: string; address: string },
  ): Promise<void> {
    const account = caller.kind === "user" ? await this.#store.read.signInAccount({ name: caller.name }) : null;
    if (account === null || account.principalId !== caller.principalId || account.passwordHash === null) {
      throw new UserError("no-password", `${caller.name} has no password here to change.`, {
        status: 409,
        remedy: "Change it where you sign in; or ask an administrator for a password here.",
      });
    }
    await this.#check(caller.name, current, address);
    checkNewPassword(next, caller.name);
    if (next === current) {
      throw new UserError("weak-password", "The new password is the current one.", { remedy: "Choose another one." });
    }
    const user = { passwordHash: await hashPassword(next), mustChangePassword: false };
    await this.#administration.change(caller.principalId, { user }, { caller }, caller.sessionId);
  }

  async #check(name: string, password: string, address: string): Promise<void> {
    try {
      await this.#signIn.check(name, password, address);
    } catch (error) {
      if (error instanceof UserError && error.code === "sign-in-refused") {
        throw new UserError("wrong-password", "The current password is not the one that was given.", {
          status: 403,
          remedy: "Type it again; an administrator can set a new one.",
          errors: [{ pointer: "/currentPassword", message: "is not the current password" }],
        });
      }
      throw error;
    }
  }
}

/** @throws UserError `weak-password` */
async function userSettings(change: UserChange, name: string): Promise<UserSettings> {
  const { displayName, email, password, mustChangePassword } = change;
  if (typeof password === "string") {
    checkNewPassword(password, name);
  }
  return {
    ...(displayName !== undefined && { displayName }),
    ...(email !== undefined && { email }),
    ...(password !== undefined && { passwordHash: password === null ? null : await hashPassword(password) }),
    ...(mustChangePassword !== undefined && { mustChangePassword }),
  };
}

function userResource(principal: StoredPrincipal): UserResource {
  const { user } = principal;
  return {
    ...principalResource(principal),
    displayName: user?.displayName ?? "",
    email: user?.email ?? null,
    hasPassword: user?.hasPassword ?? false,
    mustChangePassword: user?.mustChangePassword ?? false,
    passwordChangedAt: isoTimeOrNull(user?.passwordChangedAt ?? null),
    signedInAt: isoTimeOrNull(user?.signedInAt ?? null),
  };
}
