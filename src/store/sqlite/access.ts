import { noSuchPrincipal, principalExists } from "../access-refusals.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { AccessReads, AccessWrites, NewToken, Principal, PrincipalKind } from "../operations/access.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

interface PrincipalRow {
  principal_id: Uint8Array;
  kind: PrincipalKind;
  name: string;
  roles: string;
  enabled: number;
  created_at: number;
}

const principalColumns = "principal_id, kind, name, roles, enabled, created_at";

export function accessReads(session: SqliteSession): AccessReads {
  return {
    tokenHolder: ({ hash }) => {
      const row = session.first<{
        token_id: Uint8Array;
        principal_id: Uint8Array;
        kind: PrincipalKind;
        name: string;
        roles: string;
        purpose: string;
        expires_at: number | null;
        last_used_at: number | null;
      }>(
        `SELECT t.token_id, t.principal_id, p.kind, p.name, p.roles, t.purpose, t.expires_at, t.last_used_at
         FROM tokens t JOIN principals p USING (principal_id)
         WHERE t.hash = ? AND p.enabled = 1 AND (t.expires_at IS NULL OR t.expires_at > ?)`,
        hash,
        session.now(),
      );
      return row === undefined
        ? null
        : {
            tokenId: bytesToId(row.token_id),
            principalId: bytesToId(row.principal_id),
            kind: row.kind,
            name: row.name,
            roles: JSON.parse(row.roles) as string[],
            purpose: row.purpose,
            expiresAt: row.expires_at,
            lastUsedAt: row.last_used_at,
          };
    },

    principal: ({ principalId }) => findPrincipal(session, principalId),

    principalByName: ({ kind, name }) => {
      const row = session.first<PrincipalRow>(
        `SELECT ${principalColumns} FROM principals WHERE workspace_id = ? AND kind = ? AND name = ?`,
        defaultWorkspace,
        kind,
        name,
      );
      return row === undefined ? null : toPrincipal(row);
    },
  };
}

export function accessWrites(session: SqliteSession): AccessWrites {
  return {
    createPrincipal: ({ kind, name, roles, token }) => {
      const principalId = session.newId();
      const inserted = session.run(
        `INSERT INTO principals (workspace_id, principal_id, kind, name, roles, created_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (workspace_id, kind, name) DO NOTHING`,
        defaultWorkspace,
        idToBytes(principalId),
        kind,
        name,
        JSON.stringify(roles),
        session.now(),
      );
      if (inserted === 0) {
        throw principalExists({ kind, name });
      }
      return { principalId, tokenId: token === undefined ? null : insertToken(session, principalId, token) };
    },

    changePrincipal: ({ principalId, roles, enabled }) => {
      session.run(
        "UPDATE principals SET roles = coalesce(?, roles), enabled = coalesce(?, enabled) WHERE principal_id = ?",
        roles === undefined ? null : JSON.stringify(roles),
        enabled === undefined ? null : Number(enabled),
        idToBytes(principalId),
      );
      return mustFindPrincipal(session, principalId);
    },

    deletePrincipal: ({ principalId }) =>
      session.run("DELETE FROM principals WHERE principal_id = ?", idToBytes(principalId)) > 0,

    createToken: ({ principalId, replace, ...token }) => {
      mustFindPrincipal(session, principalId);
      if (replace === true) {
        revokeTokens(session, principalId, token.purpose);
      }
      return { tokenId: insertToken(session, principalId, token) };
    },

    revokeTokens: ({ principalId, purpose }) => revokeTokens(session, principalId, purpose),

    markTokensUsed: ({ tokens }) => {
      for (const { tokenId, usedAt } of tokens) {
        session.run("UPDATE tokens SET last_used_at = ? WHERE token_id = ?", usedAt, idToBytes(tokenId));
      }
    },

    purgeExpiredTokens: ({ limit }) =>
      session.run(
        "DELETE FROM tokens WHERE token_id IN (SELECT token_id FROM tokens WHERE expires_at <= ? LIMIT ?)",
        session.now(),
        limit,
      ),
  };
}

function insertToken(session: SqliteSession, principalId: string, token: NewToken): string {
  const tokenId = session.newId();
  session.run(
    `INSERT INTO tokens (workspace_id, token_id, principal_id, hash, purpose, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(tokenId),
    idToBytes(principalId),
    token.hash,
    token.purpose,
    session.now(),
    token.expiresAt,
  );
  return tokenId;
}

function revokeTokens(session: SqliteSession, principalId: string, purpose: string | undefined): number {
  return session.run(
    "DELETE FROM tokens WHERE workspace_id = ? AND principal_id = ? AND (? IS NULL OR purpose = ?)",
    defaultWorkspace,
    idToBytes(principalId),
    purpose ?? null,
    purpose ?? null,
  );
}

function findPrincipal(session: SqliteSession, principalId: string): Principal | null {
  const row = session.first<PrincipalRow>(
    `SELECT ${principalColumns} FROM principals WHERE principal_id = ?`,
    idToBytes(principalId),
  );
  return row === undefined ? null : toPrincipal(row);
}

function mustFindPrincipal(session: SqliteSession, principalId: string): Principal {
  const principal = findPrincipal(session, principalId);
  if (principal === null) {
    throw noSuchPrincipal(principalId);
  }
  return principal;
}

function toPrincipal(row: PrincipalRow): Principal {
  return {
    principalId: bytesToId(row.principal_id),
    kind: row.kind,
    name: row.name,
    roles: JSON.parse(row.roles) as string[],
    enabled: row.enabled === 1,
    createdAt: row.created_at,
  };
}
