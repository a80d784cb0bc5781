import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { AccessReads, AccessWrites, NewToken, PrincipalKind, StoredToken } from "../operations/access.ts";
import { mustFindPrincipal, withGroups } from "./principal-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

interface TokenRow {
  token_id: Uint8Array;
  principal_id: Uint8Array;
  kind: PrincipalKind;
  principal_name: string;
  roles: string;
  name: string;
  purpose: string;
  scope: string | null;
  created_at: number;
  created_by: string | null;
  expires_at: number | null;
  last_used_at: number | null;
}

const selectToken = `
  SELECT t.token_id, t.principal_id, p.kind, p.name AS principal_name, p.roles, t.name, t.purpose, t.scope, t.created_at, t.created_by,
    t.expires_at, t.last_used_at
  FROM tokens t JOIN principals p ON p.principal_id = t.principal_id`;

type TokenReads = Pick<AccessReads, "tokenHolder" | "token" | "tokens">;
type TokenWrites = Pick<
  AccessWrites,
  "createToken" | "revokeTokens" | "revokeToken" | "markTokensUsed" | "purgeExpiredTokens"
>;

export function tokenReads(session: SqliteSession): TokenReads {
  return {
    tokenHolder: ({ hash }) => {
      const row = session.first<TokenRow>(
        `${selectToken} WHERE t.hash = ? AND p.enabled = 1 AND (t.expires_at IS NULL OR t.expires_at > ?)`,
        hash,
        session.now(),
      );
      if (row === undefined) {
        return null;
      }
      const principalId = bytesToId(row.principal_id);
      const roles = JSON.parse(row.roles) as string[];
      const principal = { principalId, kind: row.kind, name: row.principal_name, roles };
      const { tokenId, purpose, scope, expiresAt, lastUsedAt } = toToken(row);
      return {
        ...withGroups(session, row.principal_id, principal),
        ...{ tokenId, purpose, scope, expiresAt, lastUsedAt },
      };
    },

    token: ({ tokenId }) => {
      const row = session.first<TokenRow>(`${selectToken} WHERE t.token_id = ?`, idToBytes(tokenId));
      return row === undefined ? null : toToken(row);
    },

    tokens: ({ principalId, after, limit }) => {
      const rows = session.all<TokenRow>(
        `${selectToken} WHERE t.workspace_id = ?1 AND (?2 IS NULL OR t.principal_id = ?2) AND (?3 IS NULL OR t.token_id > ?3)
           AND (?2 IS NOT NULL OR p.kind <> 'worker')
         ORDER BY t.token_id LIMIT ?4`,
        defaultWorkspace,
        principalId === undefined ? null : idToBytes(principalId),
        after === undefined ? null : idToBytes(after),
        limit + 1,
      );
      const items = rows.slice(0, limit).map(toToken);
      return { items, next: rows.length > limit ? (items.at(-1)?.tokenId ?? null) : null };
    },
  };
}

export function tokenWrites(session: SqliteSession): TokenWrites {
  return {
    createToken: ({ principalId, replace, ...token }) => {
      mustFindPrincipal(session, principalId);
      if (replace === true) {
        revokeTokens(session, principalId, token.purpose);
      }
      return { tokenId: insertToken(session, principalId, token) };
    },

    revokeTokens: ({ principalId, purpose }) => revokeTokens(session, principalId, purpose),

    revokeToken: ({ tokenId }) => session.run("DELETE FROM tokens WHERE token_id = ?", idToBytes(tokenId)) > 0,

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

export function insertToken(session: SqliteSession, principalId: string, token: NewToken): string {
  const tokenId = session.newId();
  session.run(
    `INSERT INTO tokens (workspace_id, token_id, principal_id, hash, name, purpose, scope, created_at, created_by, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(tokenId),
    idToBytes(principalId),
    token.hash,
    token.name ?? "",
    token.purpose,
    token.scope === undefined || token.scope === null ? null : JSON.stringify(token.scope),
    session.now(),
    token.createdBy ?? null,
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

function toToken(row: TokenRow): StoredToken {
  return {
    tokenId: bytesToId(row.token_id),
    principalId: bytesToId(row.principal_id),
    principalKind: row.kind,
    principalName: row.principal_name,
    name: row.name,
    purpose: row.purpose,
    scope: row.scope === null ? null : (JSON.parse(row.scope) as string[]),
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
