import type { Page } from "../contract/api/page.ts";
import type { ServicePrincipalResource } from "../contract/api/principal.ts";
import type { Store } from "../store/store.ts";
import type { ChangedBy, PrincipalSettings } from "./principal-administration.ts";
import { PrincipalAdministration } from "./principal-administration.ts";
import { principalResource } from "./principal-resource.ts";

/** What programs act as. They sign in with tokens. */
export class ServicePrincipals {
  readonly #administration: PrincipalAdministration;

  constructor(store: Pick<Store, "read" | "write">, forget: (principalId: string) => void) {
    this.#administration = new PrincipalAdministration(store, "service-principal", forget);
  }

  /** By name; `after` is the `next` of the page before. */
  async list(page: { after?: string; limit: number }): Promise<Page<ServicePrincipalResource>> {
    const { items, next } = await this.#administration.list(page);
    return { items: items.map(principalResource), next };
  }

  /** By name or id. @throws UserError `service-principal-not-found` (404) */
  async get(principal: string): Promise<ServicePrincipalResource> {
    return principalResource(await this.#administration.find(principal));
  }

  /** @throws UserError `invalid-name`, `principal-exists` (409) */
  async create(principal: { name: string } & PrincipalSettings, by: ChangedBy): Promise<ServicePrincipalResource> {
    return principalResource(await this.#administration.create(principal, by));
  }

  /** @throws UserError `service-principal-not-found` (404), `revision-mismatch` (412), `not-yourself` (409) */
  async change(principal: string, change: PrincipalSettings, by: ChangedBy): Promise<ServicePrincipalResource> {
    return principalResource(await this.#administration.change(principal, change, by));
  }

  /** @throws UserError `service-principal-not-found` (404), `revision-mismatch` (412), `not-yourself` (409) */
  remove(principal: string, by: ChangedBy): Promise<void> {
    return this.#administration.remove(principal, by);
  }
}
