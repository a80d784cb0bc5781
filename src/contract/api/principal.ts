/*
 * Who may sign in and act, as the API shows it. The ETag of a user, a group or a service principal is `"<revision>"`.
 */

/** What a token may do at most; see docs/access.md. */
export const tokenPermissions = ["read", "operate", "use", "edit", "administer"] as const;
export type TokenPermission = (typeof tokenPermissions)[number];

interface PrincipalResource {
  principalId: string;
  name: string;
  enabled: boolean;
  /** Whether it holds the role administrator itself; its groups may give it too. */
  administrator: boolean;
  description: string;
  createdAt: string;
  modifiedAt: string | null;
  /** Who changed it last, or who made it; null where it was made by the service itself. */
  modifiedBy: string | null;
  revision: number;
}

/** A user. */
export interface UserResource extends PrincipalResource {
  displayName: string;
  email: string | null;
  /** Users without a password sign in elsewhere, or with tokens only. */
  hasPassword: boolean;
  mustChangePassword: boolean;
  passwordChangedAt: string | null;
  signedInAt: string | null;
}

/** A group of users and service principals. */
export interface GroupResource extends PrincipalResource {}

/** What programs act as: has tokens, and no password. */
export interface ServicePrincipalResource extends PrincipalResource {}

export type MemberKind = "user" | "service-principal";

export interface GroupMemberResource {
  principalId: string;
  kind: MemberKind;
  name: string;
  /** The sign-in provider that made it a member; null when somebody did. */
  provider: string | null;
  addedAt: string;
  addedBy: string;
}

/** A token as its owner sees it. */
export interface TokenResource {
  tokenId: string;
  name: string;
  principal: { principalId: string; kind: "user" | "group" | "service-principal" | "worker"; name: string };
  /** The permissions that it has at most; null for all of its principal's. */
  scope: TokenPermission[] | null;
  createdAt: string;
  createdBy: string | null;
  expiresAt: string | null;
  /** To the minute or so. */
  lastUsedAt: string | null;
}

/** The answer to a new token: the only time it is shown. */
export interface NewTokenResource extends TokenResource {
  token: string;
}

/** The caller itself. */
export interface MeResource {
  principalId: string;
  kind: "user" | "group" | "service-principal" | "worker";
  name: string;
  displayName: string;
  administrator: boolean;
  groups: { principalId: string; name: string }[];
  /** The permissions that the token of this request has at most; null for all. */
  scope: TokenPermission[] | null;
  /** How this request is signed in. */
  signedInBy: "token" | "password" | "session";
  hasPassword: boolean;
  /** Until it is changed, nothing else can be done. */
  mustChangePassword: boolean;
}

/** A session of the caller. */
export interface SessionResource {
  sessionId: string;
  /** `password`, or the name of a sign-in provider. */
  signedInBy: string;
  /** Where its user signed in. */
  address: string;
  /** Whether it is that of this request. */
  current: boolean;
  createdAt: string;
  /** When it ends if it is not used; to the minute or so. */
  idleEndsAt: string;
  endsAt: string;
}

/** The answer to signing in. */
export interface NewSessionResource {
  principalId: string;
  name: string;
  mustChangePassword: boolean;
}
