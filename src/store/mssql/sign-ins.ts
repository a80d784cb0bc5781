import { identityExists } from "../access-refusals.ts";
import { bytesToId } from "../id-bytes.ts";
import type { SignInReads, SignInWrites } from "../operations/sign-ins.ts";
import type { Asynchronous } from "../store.ts";
import type { ActingRow } from "./principal-rows.ts";
import { readWithGroups } from "./principal-rows.ts";
import { principalWrites } from "./principals.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { sessionReads, sessionWriteRules, sessionWrites } from "./sessions.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bytes, id, text } from "./sql-values.ts";

interface AccountRow extends ActingRow {
  enabled: boolean;
  password_hash: string | null;
  must_change_password: boolean | null;
}

export function signInReads(session: MssqlSession): Asynchronous<SignInReads> {
  return {
    ...sessionReads(session),

    signInAccount: async ({ name }) => {
      const found = await readWithGroups<AccountRow>(
        session,
        `DECLARE @principal_id binary(16) = (SELECT principal_id FROM runsmith.principals
           WHERE workspace_id = @workspace_id AND kind = N'user' AND name = @name);
         SELECT p.principal_id, p.kind, p.name, p.roles, p.enabled, u.password_hash, u.must_change_password
         FROM runsmith.principals p LEFT JOIN runsmith.users u ON u.principal_id = p.principal_id
         WHERE p.principal_id = @principal_id`,
        { workspace_id: id(defaultWorkspace), name: text(name) },
      );
      return found === null
        ? null
        : {
            ...found.acting,
            enabled: found.row.enabled,
            passwordHash: found.row.password_hash,
            mustChangePassword: found.row.must_change_password === true,
          };
    },

    userOfIdentity: async ({ identityHash }) => {
      const row = await session.first<{ principal_id: Uint8Array }>(
        `SELECT principal_id FROM runsmith.user_identities
         WHERE workspace_id = @workspace_id AND identity_hash = @identity_hash`,
        { workspace_id: id(defaultWorkspace), identity_hash: bytes(identityHash) },
      );
      return row === undefined ? null : { principalId: bytesToId(row.principal_id) };
    },
  };
}

export const signInWriteRules: WriteRules<SignInWrites> = {
  ...sessionWriteRules,
  createUserOfIdentity: "kept",
  renewPasswordHash: "repeatable",
};

export function signInWrites(session: MssqlSession): Asynchronous<SignInWrites> {
  return {
    ...sessionWrites(session),

    createUserOfIdentity: async ({ name, displayName, email, identityHash, provider, issuer, subject }) => {
      const { principalId } = await principalWrites(session).createPrincipal({
        kind: "user",
        name,
        roles: [],
        user: { displayName, email },
        createdBy: provider,
      });
      try {
        await session.run(
          `INSERT INTO runsmith.user_identities (workspace_id, identity_hash, principal_id, provider, issuer, subject, created_at)
           VALUES (@workspace_id, @identity_hash, @principal_id, @provider, @issuer, @subject,
             CAST(SYSUTCDATETIME() AS datetime2(3)))`,
          {
            workspace_id: id(defaultWorkspace),
            identity_hash: bytes(identityHash),
            principal_id: id(principalId),
            provider: text(provider),
            issuer: text(issuer),
            subject: text(subject),
          },
        );
      } catch (error) {
        if (isDuplicate(error)) {
          throw identityExists(provider);
        }
        throw error;
      }
      return { principalId };
    },

    renewPasswordHash: async ({ principalId, former, passwordHash }) => {
      await session.run(
        `UPDATE runsmith.users SET password_hash = @password_hash
         WHERE principal_id = @principal_id AND password_hash = @former`,
        { principal_id: id(principalId), former: text(former), password_hash: text(passwordHash) },
      );
    },
  };
}
