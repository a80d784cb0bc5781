/** The roles that are given to people and programs; each is a set of permissions, and each includes those after it. */
export const rightsRoles = ["administrator", "author", "operator", "reader"] as const;
export type RightsRole = (typeof rightsRoles)[number];

/** On what a right can be. */
export const rightScopes = ["everything", "folder", "runbook", "asset", "worker-group"] as const;
export type RightScope = (typeof rightScopes)[number];

/** A right as the API shows it. */
export interface RightResource {
  rightId: string;
  principal: { principalId: string; kind: string; name: string };
  role: RightsRole;
  on: RightSubject;
  givenAt: string;
  givenBy: string;
}

/** What a right is on, and what is in it. */
export interface RightSubject {
  kind: RightScope;
  /** Of an asset: variable, credential, …; null for everything else. */
  assetKind: string | null;
  /** Null for everything and for worker groups, which have no id. */
  id: string | null;
  /** Null for everything, and when the thing is gone. */
  name: string | null;
}
