import type { Permission, Right } from "./permission.ts";

/** The kinds of principal. */
export const principalKinds = ["user", "group", "service-principal", "worker"] as const;

export type PrincipalKind = (typeof principalKinds)[number];

/** What a principal may be told to be. A worker's token opens the worker link and nothing else. */
export const roles = ["administrator", "worker"] as const;

export type Role = (typeof roles)[number];

/** Who acts. */
export interface Principal {
  principalId: string;
  kind: PrincipalKind;
  name: string;
  roles: readonly Role[];
  /** What it was given, by itself and by its groups. */
  rights: readonly Right[];
  /** The groups that it belongs to, disabled ones excepted. */
  groupIds?: readonly string[];
  /** The token that speaks for it here; left out where none does. */
  tokenId?: string;
  /** The session that speaks for it here; left out where none does. */
  sessionId?: string;
  /** When that token or session ends, in milliseconds since the epoch; left out where it does not by itself. */
  signedInUntil?: number;
  /** What is permitted at most, since its token was made for less; left out where all is that its rights permit. */
  scope?: readonly Permission[];
  /** It signed in by a password that it has to change before it does anything else. */
  mustChangePassword?: boolean;
}

/** Stands for the principal of jobs that have none, or whose is gone or disabled: it may do nothing. */
export const nobody: Principal = {
  principalId: "00000000-0000-0000-0000-000000000000",
  kind: "user",
  name: "nobody",
  roles: [],
  rights: [],
};

/** Stands for callers of the few routes that ask for no token; holds no role. */
export const anonymous: Principal = { ...nobody, name: "anonymous" };
