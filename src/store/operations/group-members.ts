import type { PrincipalKind } from "./access.ts";

/** A member of a group. */
export interface StoredGroupMember {
  principalId: string;
  kind: PrincipalKind;
  name: string;
  /** The sign-in provider that made it a member; empty when somebody did. */
  source: string;
  addedAt: number;
  addedBy: string;
}

/** A group that somebody belongs to. */
export interface StoredMembership {
  groupId: string;
  name: string;
  source: string;
}

export interface GroupMemberReads {
  /** Members of a group by when they came to be; one that is a member by two sources comes twice. `after` is the `next` of the page before. */
  groupMembers(of: { groupId: string; after?: string; limit: number }): {
    items: StoredGroupMember[];
    next: string | null;
  };
  /** The groups of a principal, by name. */
  groupsOf(of: { principalId: string }): StoredMembership[];
}

export interface GroupMemberWrites {
  /**
   * Makes a principal a member; says whether it was none by this source.
   * @throws UserError `principal-not-found` (404), `not-a-group`, `not-a-member` for what cannot be a member: groups and workers.
   */
  addGroupMember(member: { groupId: string; principalId: string; source?: string; addedBy: string }): boolean;
  /** Ends a membership by one source; says whether there was one. */
  removeGroupMember(member: { groupId: string; principalId: string }): boolean;
  /** Makes a principal a member of these groups, and of no others, as far as this source says so. */
  setMemberships(of: { principalId: string; groupIds: string[]; source: string; addedBy: string }): void;
}
