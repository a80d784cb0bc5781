import type { RightScope, RightsRole } from "../../contract/api/right.ts";

/** What a right is on. A worker group has a name, other things have ids, everything has neither. */
export interface RightOn {
  scope: RightScope;
  id: string | null;
  name: string | null;
  /** Of an asset: variable, credential, …. */
  assetKind: string | null;
}

/** A role that a principal holds on something: by itself, or by a folder above. */
export interface HeldRight extends RightOn {
  role: RightsRole;
}

/** A right as it was given. */
export interface StoredRight {
  rightId: string;
  principalId: string;
  /** user, group, service-principal. */
  principalKind: string;
  principalName: string;
  role: RightsRole;
  /** `name` is that of the thing now: null when it is gone, and for assets. */
  on: RightOn;
  givenAt: number;
  givenBy: string;
}

export interface RightReads {
  /** In the order in which they were given; of one principal, on one thing; `after` is the `next` of the page before. */
  rights(of: { principalId?: string; on?: RightOn; after?: string; limit: number }): {
    items: StoredRight[];
    next: string | null;
  };
  right(of: { rightId: string }): StoredRight | null;
}

export interface RightWrites {
  /**
   * Gives a role on something. A principal has one role on one thing: another one takes the place of the former.
   * @throws UserError `principal-not-found` (404)
   */
  giveRight(right: { principalId: string; role: RightsRole; on: RightOn; givenBy: string }): {
    right: StoredRight;
    created: boolean;
  };
  /** Takes a right away, and gives it as it was; null when there is none. */
  takeRight(of: { rightId: string }): StoredRight | null;
}
