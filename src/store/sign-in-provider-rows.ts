import { UserError } from "../contract/user-error.ts";
import { bytesToId } from "./id-bytes.ts";
import type { StoredSignInProvider } from "./operations/sign-in-providers.ts";

/* What both databases have of sign-in providers: their rows, and what changes are refused with. */

export interface SignInProviderRow {
  provider_id: Uint8Array;
  name: string;
  settings: string;
  enabled: number | boolean;
  sealed_secret: Uint8Array | null;
  secret_version: number;
  created_at: number;
  modified_at: number;
  modified_by: string;
  revision: number;
}

export const signInProviderColumns =
  "provider_id, name, settings, enabled, sealed_secret, secret_version, created_at, modified_at, modified_by, revision";

export function toSignInProvider(row: SignInProviderRow): StoredSignInProvider {
  return {
    providerId: bytesToId(row.provider_id),
    name: row.name,
    settings: JSON.parse(row.settings) as Record<string, unknown>,
    enabled: Boolean(row.enabled),
    sealedSecret: row.sealed_secret === null ? null : new Uint8Array(row.sealed_secret),
    secretVersion: row.secret_version,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}

export function signInProviderExists(name: string): UserError {
  return new UserError("sign-in-provider-exists", `There is a sign-in provider ${name} already.`, {
    status: 409,
    remedy: "Change that one, or choose another name.",
  });
}

export function signInProviderChanged(name: string): UserError {
  return new UserError("revision-mismatch", `The sign-in provider ${name} was changed after you read it.`, {
    status: 412,
    remedy: "Read it again and repeat the change on its current state.",
  });
}
