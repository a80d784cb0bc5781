import type { SealedRow } from "./sealing.ts";

/** A sign-in provider that was set over the API. */
export interface StoredSignInProvider {
  providerId: string;
  name: string;
  /** As the access feature wants it; never the client's secret. */
  settings: Record<string, unknown>;
  enabled: boolean;
  /** The client's secret, sealed; null when it has none. */
  sealedSecret: Uint8Array | null;
  /** Grows with each secret. */
  secretVersion: number;
  createdAt: number;
  modifiedAt: number;
  modifiedBy: string;
  /** Grows by one with each change. */
  revision: number;
}

export interface SignInProviderReads {
  /** All of them, by name. */
  signInProviders(): StoredSignInProvider[];
  /** Null when there is none of that name. */
  signInProvider(of: { name: string }): StoredSignInProvider | null;
  /** In the order of their ids. */
  sealedProviderSecrets(of: { after: string | null; limit: number }): SealedRow[];
}

export interface SignInProviderWrites {
  /** @throws UserError `sign-in-provider-exists` (409) */
  createSignInProvider(
    provider: Pick<StoredSignInProvider, "providerId" | "name" | "settings" | "enabled" | "sealedSecret"> & {
      changedBy: string;
    },
  ): StoredSignInProvider;
  /**
   * @param change a new secret has the version after the present one
   * @throws UserError `revision-mismatch` (412) when it is gone or its revision is another
   */
  changeSignInProvider(change: {
    name: string;
    settings: Record<string, unknown>;
    enabled: boolean;
    secret?: { sealed: Uint8Array | null; version: number };
    changedBy: string;
    expectedRevision: number;
  }): StoredSignInProvider;
  /** Says whether it was there. @throws UserError `revision-mismatch` (412) */
  removeSignInProvider(of: { name: string; expectedRevision?: number }): boolean;
  /** Replaces sealed secrets whose version is still the same. */
  rewrapProviderSecrets(of: { rows: SealedRow[] }): void;
}
