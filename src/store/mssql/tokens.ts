import { bytesToId } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
import type { AccessReads, AccessWrites, NewToken, PrincipalKind, StoredToken } from "../operations/access.ts";
import type { Asynchronous } from "../store.ts";
import type { ActingRow } from "./principal-rows.ts";
import { mustFindPrincipal, readWithGroups } from "./principal-rows.ts";
import { forgetRevoked, noteRevoked, noteRevokedToken } from "./revoked-tokens.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { bytes, id, int, json, text, time } from "./sql-values.ts";

interface TokenRow {
  token_id: Uint8Array;
  principal_id: Uint8Array;
  kind: PrincipalKind;
  principal_name: string;
  token_name: string;
  purpose: string;
  scope: string | null;
  created_at: number;
  created_by: string | null;
  expires_at: number | null;
  last_used_at: number | null;
}

const tokenColumns = `t.token_id, t.principal_id, p.kind, p.name AS principal_name, t.name AS token_name, t.purpose, t.scope,
    t.created_at, t.created_by, t.expires_at, t.last_used_at`;
const fromTokens = "FROM runsmith.tokens t JOIN runsmith.principals p ON p.principal_id = t.principal_id";

type TokenReads = Pick<AccessReads, "tokenHolder" | "token" | "tokens">;
type TokenWrites = Pick<
  AccessWrites,
  "createToken" | "revokeTokens" | "revokeToken" | "markTokensUsed" | "purgeExpiredTokens"
>;

export function tokenReads(session: MssqlSession): Asynchronous<TokenReads> {
  return {
    tokenHolder: async ({ hash }) => {
      const found = await readWithGroups<TokenRow & ActingRow>(
        session,
        `DECLARE @principal_id binary(16) = (SELECT principal_id FROM runsmith.tokens WHERE hash = @hash);
         SELECT ${tokenColumns}, p.name, p.roles ${fromTokens}
         WHERE t.hash = @hash AND p.enabled = 1 AND (t.expires_at IS NULL OR t.expires_at > SYSUTCDATETIME())`,
        { hash: bytes(hash) },
      );
      if (found === null) {
        return null;
      }
      const { tokenId, purpose, scope, expiresAt, lastUsedAt } = toToken(found.row);
      return { ...found.acting, tokenId, purpose, scope, expiresAt, lastUsedAt };
    },

    token: async ({ tokenId }) => {
      const row = await session.first<TokenRow>(`SELECT ${tokenColumns} ${fromTokens} WHERE t.token_id = @token_id`, {
        token_id: id(tokenId),
      });
      return row === undefined ? null : toToken(row);
    },

    tokens: async ({ principalId, after, limit }) => {
      const rows = await session.all<TokenRow>(
        `SELECT TOP (@limit) ${tokenColumns} ${fromTokens}
         WHERE t.workspace_id = @workspace_id AND (@principal_id IS NULL OR t.principal_id = @principal_id)
           AND (@after IS NULL OR t.token_id > @after) AND (@principal_id IS NOT NULL OR p.kind <> N'worker')
         ORDER BY t.token_id`,
        {
          workspace_id: id(defaultWorkspace),
          principal_id: id(principalId ?? null),
          after: id(after ?? null),
          limit: int(limit + 1),
        },
      );
      const items = rows.slice(0, limit).map(toToken);
      return { items, next: rows.length > limit ? (items.at(-1)?.tokenId ?? null) : null };
    },
  };
}

export const tokenWriteRules: WriteRules<TokenWrites> = {
  createToken: "kept",
  revokeTokens: "kept",
  revokeToken: "kept",
  markTokensUsed: "repeatable",
  purgeExpiredTokens: "single",
};

export function tokenWrites(session: MssqlSession): Asynchronous<TokenWrites> {
  return {
    createToken: async ({ principalId, replace, ...token }) => {
      await mustFindPrincipal(session, principalId);
      if (replace === true) {
        await revokeTokens(session, principalId, token.purpose);
      }
      return { tokenId: await insertToken(session, principalId, token) };
    },

    revokeTokens: ({ principalId, purpose }) => revokeTokens(session, principalId, purpose),

    revokeToken: async ({ tokenId }) => {
      await noteRevokedToken(session, tokenId);
      return (
        (await session.run("DELETE FROM runsmith.tokens WHERE token_id = @token_id", { token_id: id(tokenId) })) > 0
      );
    },

    markTokensUsed: async ({ tokens }) => {
      // In the order of their ids, so that two services that note the same tokens do not wait for each other in a circle.
      for (const { tokenId, usedAt } of tokens.toSorted((one, other) => (one.tokenId < other.tokenId ? -1 : 1))) {
        await session.run("UPDATE runsmith.tokens SET last_used_at = @used_at WHERE token_id = @token_id", {
          used_at: time(usedAt),
          token_id: id(tokenId),
        });
      }
    },

    purgeExpiredTokens: async ({ limit }) => {
      await forgetRevoked(session, limit);
      return session.run("DELETE TOP (@limit) FROM runsmith.tokens WHERE expires_at <= SYSUTCDATETIME()", { limit });
    },
  };
}

export async function insertToken(session: MssqlSession, principalId: string, token: NewToken): Promise<string> {
  const tokenId = newId();
  await session.run(
    `INSERT INTO runsmith.tokens (workspace_id, token_id, principal_id, hash, name, purpose, scope, created_at, created_by,
       expires_at)
     VALUES (@workspace_id, @token_id, @principal_id, @hash, @name, @purpose, @scope,
       CAST(SYSUTCDATETIME() AS datetime2(3)), @created_by, @expires_at)`,
    {
      workspace_id: id(defaultWorkspace),
      token_id: id(tokenId),
      principal_id: id(principalId),
      hash: bytes(token.hash),
      name: text(token.name ?? ""),
      purpose: token.purpose,
      scope: json(token.scope),
      created_by: text(token.createdBy ?? null),
      expires_at: time(token.expiresAt),
    },
  );
  return tokenId;
}

async function revokeTokens(session: MssqlSession, principalId: string, purpose: string | undefined): Promise<number> {
  await noteRevoked(session, principalId, purpose);
  return session.run(
    `DELETE FROM runsmith.tokens
     WHERE workspace_id = @workspace_id AND principal_id = @principal_id AND (@purpose IS NULL OR purpose = @purpose)`,
    { workspace_id: id(defaultWorkspace), principal_id: id(principalId), purpose: text(purpose ?? null) },
  );
}

function toToken(row: TokenRow): StoredToken {
  return {
    tokenId: bytesToId(row.token_id),
    principalId: bytesToId(row.principal_id),
    principalKind: row.kind,
    principalName: row.principal_name,
    name: row.token_name,
    purpose: row.purpose,
    scope: row.scope === null ? null : (JSON.parse(row.scope) as string[]),
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
