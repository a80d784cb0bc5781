import { idToBytes } from "../id-bytes.ts";
import type {
  SignInProviderReads,
  SignInProviderWrites,
  StoredSignInProvider,
} from "../operations/sign-in-providers.ts";
import type { SealedRowRow } from "../sealing-rows.ts";
import { toSealedRow } from "../sealing-rows.ts";
import type { SignInProviderRow } from "../sign-in-provider-rows.ts";
import {
  signInProviderChanged,
  signInProviderColumns,
  signInProviderExists,
  toSignInProvider,
} from "../sign-in-provider-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

export function signInProviderReads(session: SqliteSession): SignInProviderReads {
  return {
    signInProviders: () =>
      session
        .all<SignInProviderRow>(
          `SELECT ${signInProviderColumns} FROM sign_in_providers WHERE workspace_id = ? ORDER BY name`,
          defaultWorkspace,
        )
        .map(toSignInProvider),
    signInProvider: ({ name }) => find(session, name),
    sealedProviderSecrets: ({ after, limit }) =>
      session
        .all<SealedRowRow>(
          `SELECT provider_id AS row_id, secret_version AS version, sealed_secret AS sealed FROM sign_in_providers
           WHERE provider_id > ? AND sealed_secret IS NOT NULL ORDER BY provider_id LIMIT ?`,
          after === null ? new Uint8Array(16) : idToBytes(after),
          limit,
        )
        .map(toSealedRow),
  };
}

export function signInProviderWrites(session: SqliteSession): SignInProviderWrites {
  return {
    createSignInProvider: ({ providerId, name, settings, enabled, sealedSecret, changedBy }) => {
      const now = session.now();
      const inserted = session.run(
        `INSERT INTO sign_in_providers (workspace_id, provider_id, name, settings, enabled, sealed_secret, created_at, modified_at,
           modified_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, name) DO NOTHING`,
        defaultWorkspace,
        idToBytes(providerId),
        name,
        JSON.stringify(settings),
        Number(enabled),
        sealedSecret,
        now,
        now,
        changedBy,
      );
      if (inserted === 0) {
        throw signInProviderExists(name);
      }
      return mustFind(session, name);
    },

    changeSignInProvider: ({ name, settings, enabled, secret, changedBy, expectedRevision }) => {
      const setsSecret = Number(secret !== undefined);
      const changed = session.run(
        `UPDATE sign_in_providers SET settings = ?, enabled = ?, sealed_secret = CASE ? WHEN 1 THEN ? ELSE sealed_secret END,
           secret_version = CASE ? WHEN 1 THEN ? ELSE secret_version END, modified_at = ?, modified_by = ?, revision = revision + 1
         WHERE workspace_id = ? AND name = ? AND revision = ?`,
        JSON.stringify(settings),
        Number(enabled),
        setsSecret,
        secret?.sealed ?? null,
        setsSecret,
        secret?.version ?? null,
        session.now(),
        changedBy,
        defaultWorkspace,
        name,
        expectedRevision,
      );
      if (changed === 0) {
        throw signInProviderChanged(name);
      }
      return mustFind(session, name);
    },

    removeSignInProvider: ({ name, expectedRevision }) => {
      const provider = find(session, name);
      if (provider !== null && expectedRevision !== undefined && provider.revision !== expectedRevision) {
        throw signInProviderChanged(name);
      }
      session.run(
        "DELETE FROM group_members WHERE workspace_id = ? AND source = ?",
        defaultWorkspace,
        provider?.name ?? name,
      );
      return (
        session.run("DELETE FROM sign_in_providers WHERE workspace_id = ? AND name = ?", defaultWorkspace, name) > 0
      );
    },

    rewrapProviderSecrets: ({ rows }) => {
      for (const { rowId, version, sealed } of rows) {
        session.run(
          "UPDATE sign_in_providers SET sealed_secret = ? WHERE provider_id = ? AND secret_version = ?",
          sealed,
          idToBytes(rowId),
          version,
        );
      }
    },
  };
}

function find(session: SqliteSession, name: string): StoredSignInProvider | null {
  const row = session.first<SignInProviderRow>(
    `SELECT ${signInProviderColumns} FROM sign_in_providers WHERE workspace_id = ? AND name = ?`,
    defaultWorkspace,
    name,
  );
  return row === undefined ? null : toSignInProvider(row);
}

function mustFind(session: SqliteSession, name: string): StoredSignInProvider {
  const provider = find(session, name);
  if (provider === null) {
    throw new Error("The sign-in provider is gone in its own transaction.");
  }
  return provider;
}
