import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import type { Principal as StoredPrincipal, UserSettings } from "../store/operations/access.ts";
import type { Store } from "../store/store.ts";
import { administratorName } from "./administrator.ts";
import type { Principal, Role } from "./principal.ts";
import { checkPrincipalName } from "./principal-name.ts";

/** The kinds of principal that people make and remove. */
export type AdministeredKind = "user" | "group" | "service-principal";

/** What every kind of principal has; what is left out stays, or is as of a new one. */
export interface PrincipalSettings {
  description?: string;
  enabled?: boolean;
  administrator?: boolean;
}

/** Who changes something, and which revision they saw of it. */
export interface ChangedBy {
  caller: Principal;
  expectedRevision?: number | undefined;
}

const nouns: Readonly<Record<AdministeredKind, string>> = {
  user: "user",
  group: "group",
  "service-principal": "service principal",
};

/**
 * Makes, changes and removes principals of one kind. A change reaches every token and every session of the principal, and of those
 * who belong to it, at once in this service and within a second or two in others.
 */
export class PrincipalAdministration {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #kind: AdministeredKind;
  readonly #forget: (principalId: string) => void;

  constructor(store: Pick<Store, "read" | "write">, kind: AdministeredKind, forget: (principalId: string) => void) {
    this.#store = store;
    this.#kind = kind;
    this.#forget = forget;
  }

  /** By name; `after` is the `next` of the page before. */
  list(page: { after?: string; limit: number }): Promise<{ items: StoredPrincipal[]; next: string | null }> {
    return this.#store.read.principals({ kind: this.#kind, ...page });
  }

  /**
   * By name or id.
   * @throws UserError `user-not-found`, `group-not-found`, `service-principal-not-found` (404)
   */
  async find(nameOrId: string): Promise<StoredPrincipal> {
    const found = looksLikeId(nameOrId)
      ? await this.#store.read.principal({ principalId: nameOrId.toLowerCase() })
      : await this.#store.read.principalByName({ kind: this.#kind, name: nameOrId });
    if (found === null || found.kind !== this.#kind) {
      throw new UserError(`${this.#kind}-not-found`, `There is no ${nouns[this.#kind]} ${nameOrId}.`, {
        status: 404,
        remedy: `List them: npx runsmith get-${this.#kind}.`,
      });
    }
    return found;
  }

  /** @throws UserError `invalid-name`, `principal-exists` (409) */
  async create(
    principal: { name: string } & PrincipalSettings & { user?: UserSettings },
    { caller }: ChangedBy,
  ): Promise<StoredPrincipal> {
    const { name, description, administrator, enabled, user } = principal;
    checkPrincipalName(name);
    const { principalId } = await this.#store.write.createPrincipal({
      kind: this.#kind,
      name,
      roles: rolesOf(administrator === true),
      ...(description !== undefined && { description }),
      ...(user !== undefined && { user }),
      createdBy: caller.name,
    });
    if (enabled === false) {
      return this.#store.write.changePrincipal({ principalId, enabled, changedBy: caller.name });
    }
    return this.find(principalId);
  }

  /**
   * @param nameOrId of the principal
   * @throws UserError as `find`; `revision-mismatch` (412), `not-yourself` (409)
   */
  async change(
    nameOrId: string,
    change: PrincipalSettings & { user?: UserSettings },
    { caller, expectedRevision }: ChangedBy,
    keepSession?: string,
  ): Promise<StoredPrincipal> {
    const { principalId, name } = await this.find(nameOrId);
    const { description, enabled, administrator, user } = change;
    if (principalId === caller.principalId && (enabled === false || administrator === false)) {
      throw notYourself(name);
    }
    const changed = await this.#store.write.changePrincipal({
      principalId,
      ...(description !== undefined && { description }),
      ...(enabled !== undefined && { enabled }),
      ...(administrator !== undefined && { roles: rolesOf(administrator) }),
      ...(user !== undefined && { user }),
      ...(keepSession !== undefined && { keepSession }),
      changedBy: caller.name,
      ...(expectedRevision !== undefined && { expectedRevision }),
    });
    this.#forget(principalId);
    return changed;
  }

  /** @throws UserError as `find`; `revision-mismatch` (412), `not-yourself` (409), `built-in-principal` (409) */
  async remove(nameOrId: string, { caller, expectedRevision }: ChangedBy): Promise<void> {
    const { principalId, name } = await this.find(nameOrId);
    if (principalId === caller.principalId) {
      throw notYourself(name);
    }
    if (this.#kind === "user" && name.toLowerCase() === administratorName) {
      throw new UserError(
        "built-in-principal",
        `The user ${name} cannot be removed: the next start would make it anew.`,
        {
          status: 409,
          remedy: `Disable it instead: npx runsmith disable-user ${name}.`,
        },
      );
    }
    await this.#store.write.deletePrincipal({
      principalId,
      ...(expectedRevision !== undefined && { expectedRevision }),
    });
    this.#forget(principalId);
  }
}

function rolesOf(administrator: boolean): Role[] {
  return administrator ? ["administrator"] : [];
}

/** So that one administrator is left whatever administrators do. */
function notYourself(name: string): UserError {
  return new UserError("not-yourself", `${name} is who asks: nobody removes, disables or demotes themselves.`, {
    status: 409,
    remedy: "Have another administrator do it.",
  });
}
