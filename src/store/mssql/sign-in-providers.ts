import { bytesToId } from "../id-bytes.ts";
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
import type { Asynchronous } from "../store.ts";
import { noteRevoked } from "./revoked-tokens.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bit, bytes, id, int, json, text } from "./sql-values.ts";

export function signInProviderReads(session: MssqlSession): Asynchronous<SignInProviderReads> {
  return {
    signInProviders: async () => {
      const rows = await session.all<SignInProviderRow>(
        `SELECT ${signInProviderColumns} FROM runsmith.sign_in_providers WHERE workspace_id = @workspace_id ORDER BY name`,
        { workspace_id: id(defaultWorkspace) },
      );
      return rows.map(toSignInProvider);
    },
    signInProvider: ({ name }) => find(session, name),
    sealedProviderSecrets: async ({ after, limit }) => {
      const rows = await session.all<SealedRowRow>(
        `SELECT TOP (@limit) provider_id AS row_id, secret_version AS version, sealed_secret AS sealed
         FROM runsmith.sign_in_providers WHERE provider_id > @after AND sealed_secret IS NOT NULL ORDER BY provider_id`,
        { after: id(after ?? defaultWorkspace), limit: int(limit) },
      );
      return rows.map(toSealedRow);
    },
  };
}

export const signInProviderWriteRules: WriteRules<SignInProviderWrites> = {
  createSignInProvider: "kept",
  changeSignInProvider: "kept",
  removeSignInProvider: "kept",
  rewrapProviderSecrets: "repeatable",
};

export function signInProviderWrites(session: MssqlSession): Asynchronous<SignInProviderWrites> {
  return {
    createSignInProvider: async ({ providerId, name, settings, enabled, sealedSecret, changedBy }) => {
      try {
        await session.run(
          `DECLARE @now datetime2(3) = CAST(SYSUTCDATETIME() AS datetime2(3));
           INSERT INTO runsmith.sign_in_providers (workspace_id, provider_id, name, settings, enabled, sealed_secret, created_at,
             modified_at, modified_by)
           VALUES (@workspace_id, @provider_id, @name, @settings, @enabled, @sealed_secret, @now, @now, @changed_by)`,
          {
            workspace_id: id(defaultWorkspace),
            provider_id: id(providerId),
            name: text(name),
            settings: json(settings),
            enabled: bit(enabled),
            sealed_secret: bytes(sealedSecret),
            changed_by: text(changedBy),
          },
        );
      } catch (error) {
        throw isDuplicate(error) ? signInProviderExists(name) : error;
      }
      return mustFind(session, name);
    },

    changeSignInProvider: async ({ name, settings, enabled, secret, changedBy, expectedRevision }) => {
      const changed = await session.run(
        `UPDATE runsmith.sign_in_providers SET settings = @settings, enabled = @enabled,
           sealed_secret = CASE WHEN @sets_secret = 1 THEN @sealed_secret ELSE sealed_secret END,
           secret_version = CASE WHEN @sets_secret = 1 THEN @secret_version ELSE secret_version END,
           modified_at = CAST(SYSUTCDATETIME() AS datetime2(3)), modified_by = @changed_by, revision = revision + 1
         WHERE workspace_id = @workspace_id AND name = @name AND revision = @expected`,
        {
          workspace_id: id(defaultWorkspace),
          name: text(name),
          settings: json(settings),
          enabled: bit(enabled),
          sets_secret: bit(secret !== undefined),
          sealed_secret: bytes(secret?.sealed ?? null),
          secret_version: int(secret?.version ?? null),
          changed_by: text(changedBy),
          expected: int(expectedRevision),
        },
      );
      if (changed === 0) {
        throw signInProviderChanged(name);
      }
      return mustFind(session, name);
    },

    removeSignInProvider: async ({ name, expectedRevision }) => {
      const removed = await session.run(
        `DELETE FROM runsmith.sign_in_providers
         WHERE workspace_id = @workspace_id AND name = @name AND (@expected IS NULL OR revision = @expected)`,
        { workspace_id: id(defaultWorkspace), name: text(name), expected: int(expectedRevision ?? null) },
      );
      if (removed === 0 && (await find(session, name)) !== null) {
        throw signInProviderChanged(name);
      }
      const members = await session.all<{ member_id: Uint8Array }>(
        "SELECT DISTINCT member_id FROM runsmith.group_members WHERE workspace_id = @workspace_id AND source = @source",
        { workspace_id: id(defaultWorkspace), source: text(name) },
      );
      for (const { member_id } of members) {
        await noteRevoked(session, bytesToId(member_id));
      }
      await session.run("DELETE FROM runsmith.group_members WHERE workspace_id = @workspace_id AND source = @source", {
        workspace_id: id(defaultWorkspace),
        source: text(name),
      });
      return removed > 0;
    },

    rewrapProviderSecrets: async ({ rows }) => {
      for (const { rowId, version, sealed } of rows) {
        await session.run(
          `UPDATE runsmith.sign_in_providers SET sealed_secret = @sealed
           WHERE provider_id = @provider_id AND secret_version = @version`,
          { sealed: bytes(sealed), provider_id: id(rowId), version: int(version) },
        );
      }
    },
  };
}

async function find(session: MssqlSession, name: string): Promise<StoredSignInProvider | null> {
  const row = await session.first<SignInProviderRow>(
    `SELECT ${signInProviderColumns} FROM runsmith.sign_in_providers WHERE workspace_id = @workspace_id AND name = @name`,
    { workspace_id: id(defaultWorkspace), name: text(name) },
  );
  return row === undefined ? null : toSignInProvider(row);
}

async function mustFind(session: MssqlSession, name: string): Promise<StoredSignInProvider> {
  const provider = await find(session, name);
  if (provider === null) {
    throw new Error("The sign-in provider is gone in its own transaction.");
  }
  return provider;
}
