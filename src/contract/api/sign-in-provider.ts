/** Whom a provider may send that was never here. `members`: those whom it says to be in one of the mapped groups. */
export const newUserRules = ["everybody", "members", "nobody"] as const;
export type NewUserRule = (typeof newUserRules)[number];

/** How users sign in at a provider of OpenID Connect, without the client's secret. */
export interface SignInProviderSettings {
  /** As in addresses; also of the client's redirect URI, `/api/sign-in/NAME/callback`. */
  name: string;
  /** As people read it. */
  displayName: string;
  /** The provider's issuer identifier, which leads to all else (OpenID Connect Discovery). */
  issuer: string;
  clientId: string;
  /** Beside `openid`. */
  scopes: string[];
  /** The claim that a new user is named by. */
  nameClaim: string;
  /** The claim that lists the groups of a user at the provider. */
  groupsClaim: string;
  /** Names of groups here, by those of groups at the provider. */
  groups: Record<string, string>;
  newUsers: NewUserRule;
}

/** A provider as administrators see it. The ETag is `"<revision>"`; one from the server's file has the revision 0 and cannot be changed. */
export interface SignInProviderResource extends SignInProviderSettings {
  enabled: boolean;
  hasClientSecret: boolean;
  /** Whether it comes from the server's file. */
  fromFile: boolean;
  modifiedAt: string | null;
  modifiedBy: string | null;
  revision: number;
}

/** What everybody may know before signing in. */
export interface SignInWaysResource {
  /** By `POST /api/session`. */
  password: true;
  /** By opening the address in a browser. */
  providers: { name: string; displayName: string; url: string }[];
}
