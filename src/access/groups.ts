import { isoTime } from "../contract/api/iso-time.ts";
import type { Page } from "../contract/api/page.ts";
import type { GroupMemberResource, GroupResource, MemberKind } from "../contract/api/principal.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredGroupMember } from "../store/operations/group-members.ts";
import type { Store } from "../store/store.ts";
import { namedPrincipal } from "./named-principal.ts";
import type { ChangedBy, PrincipalSettings } from "./principal-administration.ts";
import { PrincipalAdministration } from "./principal-administration.ts";
import { principalResource } from "./principal-resource.ts";

/** Groups, and who belongs to them: users and service principals, no other groups. */
export class Groups {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #administration: PrincipalAdministration;
  readonly #forget: (principalId: string) => void;

  constructor(store: Pick<Store, "read" | "write">, forget: (principalId: string) => void) {
    this.#store = store;
    this.#administration = new PrincipalAdministration(store, "group", forget);
    this.#forget = forget;
  }

  /** By name; `after` is the `next` of the page before. */
  async list(page: { after?: string; limit: number }): Promise<Page<GroupResource>> {
    const { items, next } = await this.#administration.list(page);
    return { items: items.map(principalResource), next };
  }

  /** By name or id. @throws UserError `group-not-found` (404) */
  async get(group: string): Promise<GroupResource> {
    return principalResource(await this.#administration.find(group));
  }

  /** @throws UserError `invalid-name`, `principal-exists` (409) */
  async create(group: { name: string } & PrincipalSettings, by: ChangedBy): Promise<GroupResource> {
    return principalResource(await this.#administration.create(group, by));
  }

  /** @throws UserError `group-not-found` (404), `revision-mismatch` (412) */
  async change(group: string, change: PrincipalSettings, by: ChangedBy): Promise<GroupResource> {
    return principalResource(await this.#administration.change(group, change, by));
  }

  /** @throws UserError `group-not-found` (404), `revision-mismatch` (412) */
  remove(group: string, by: ChangedBy): Promise<void> {
    return this.#administration.remove(group, by);
  }

  /** @throws UserError `group-not-found` (404), `invalid-request` for an `after` that no page gave */
  async members(group: string, page: { after?: string; limit: number }): Promise<Page<GroupMemberResource>> {
    const { principalId: groupId } = await this.#administration.find(group);
    const { items, next } = await this.#store.read.groupMembers({ groupId, ...page });
    return { items: items.map(memberResource), next };
  }

  /**
   * @param member as `namedPrincipal` takes it
   * @returns whether it was none before
   * @throws UserError `group-not-found`, `principal-not-found` (404), `not-a-member`
   */
  async addMember(group: string, member: string, { caller }: ChangedBy): Promise<boolean> {
    const { principalId: groupId } = await this.#administration.find(group);
    const { principalId } = await namedPrincipal(this.#store, member);
    const added = await this.#store.write.addGroupMember({ groupId, principalId, addedBy: caller.name });
    this.#forget(principalId);
    return added;
  }

  /**
   * Ends a membership, whoever gave it; a sign-in provider may give it again with the next sign-in.
   * @throws UserError `group-not-found`, `principal-not-found`, `no-member` (404)
   */
  async removeMember(group: string, member: string): Promise<void> {
    const { principalId: groupId, name } = await this.#administration.find(group);
    const { principalId, name: memberName } = await namedPrincipal(this.#store, member);
    const removed = await this.#store.write.removeGroupMember({ groupId, principalId });
    this.#forget(principalId);
    if (!removed) {
      throw new UserError("no-member", `${memberName} is no member of ${name}.`, {
        status: 404,
        remedy: `List the members: npx runsmith get-group ${JSON.stringify(name)}`,
      });
    }
  }
}

function memberResource({ principalId, kind, name, source, addedAt, addedBy }: StoredGroupMember): GroupMemberResource {
  return {
    principalId,
    kind: kind as MemberKind,
    name,
    provider: source === "" ? null : source,
    addedAt: isoTime(addedAt),
    addedBy,
  };
}
