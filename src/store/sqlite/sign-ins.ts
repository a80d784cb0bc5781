import { identityExists, principalExists } from "../access-refusals.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { PrincipalKind } from "../operations/access.ts";
import type { SignInReads, SignInWrites } from "../operations/sign-ins.ts";
import { withGroups } from "./principal-rows.ts";
import { principalWrites } from "./principals.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { sessionReads, sessionWrites } from "./sessions.ts";

export function signInReads(session: SqliteSession): SignInReads {
  return {
    ...sessionReads(session),

    signInAccount: ({ name }) => {
      const row = session.first<{
        principal_id: Uint8Array;
        kind: PrincipalKind;
        name: string;
        roles: string;
        enabled: number;
        password_hash: string | null;
        must_change_password: number | null;
      }>(
        `SELECT p.principal_id, p.kind, p.name, p.roles, p.enabled, u.password_hash, u.must_change_password
         FROM principals p LEFT JOIN users u ON u.principal_id = p.principal_id
         WHERE p.workspace_id = ? AND p.kind = 'user' AND p.name = ?`,
        defaultWorkspace,
        name,
      );
      if (row === undefined) {
        return null;
      }
      const roles = JSON.parse(row.roles) as string[];
      const principal = { principalId: bytesToId(row.principal_id), kind: row.kind, name: row.name, roles };
      return {
        ...withGroups(session, row.principal_id, principal),
        enabled: row.enabled === 1,
        passwordHash: row.password_hash,
        mustChangePassword: row.must_change_password === 1,
      };
    },

    userOfIdentity: ({ identityHash }) => {
      const row = session.first<{ principal_id: Uint8Array }>(
        "SELECT principal_id FROM user_identities WHERE workspace_id = ? AND identity_hash = ?",
        defaultWorkspace,
        identityHash,
      );
      return row === undefined ? null : { principalId: bytesToId(row.principal_id) };
    },
  };
}

export function signInWrites(session: SqliteSession): SignInWrites {
  return {
    ...sessionWrites(session),

    createUserOfIdentity: ({ name, displayName, email, identityHash, provider, issuer, subject }) => {
      const isTaken = session.first(
        "SELECT 1 FROM principals WHERE workspace_id = ? AND kind = 'user' AND name = ?",
        defaultWorkspace,
        name,
      );
      if (isTaken !== undefined) {
        throw principalExists({ kind: "user", name });
      }
      const user = { displayName, email };
      const createdBy = provider;
      const { principalId } = principalWrites(session).createPrincipal({
        kind: "user",
        name,
        roles: [],
        user,
        createdBy,
      });
      const inserted = session.run(
        `INSERT INTO user_identities (workspace_id, identity_hash, principal_id, provider, issuer, subject, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        defaultWorkspace,
        identityHash,
        idToBytes(principalId),
        provider,
        issuer,
        subject,
        session.now(),
      );
      if (inserted === 0) {
        throw identityExists(provider);
      }
      return { principalId };
    },

    renewPasswordHash: ({ principalId, former, passwordHash }) => {
      session.run(
        "UPDATE users SET password_hash = ? WHERE principal_id = ? AND password_hash = ?",
        passwordHash,
        idToBytes(principalId),
        former,
      );
    },
  };
}
