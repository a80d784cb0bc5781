import { noSuchPrincipal, principalExists } from "../access-refusals.ts";
import { bytesToId } from "../id-bytes.ts";
import type { AccessReads, AccessWrites, NewToken, Principal, PrincipalKind } from "../operations/access.ts";
import type { Asynchronous } from "../store.ts";
import { forgetRevoked, noteRevoked } from "./revoked-tokens.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace, newId } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bit, bytes, id, json, text, time } from "./sql-values.ts";

interface PrincipalRow {
  principal_id: Uint8Array;
  kind: PrincipalKind;
  name: string;
  roles: string;
  enabled: boolean;
  created_at: number;
}

const selectPrincipal = "SELECT principal_id, kind, name, roles, enabled, created_at FROM runsmith.principals";

export function accessReads(session: MssqlSession): Asynchronous<AccessReads> {
  return {
    tokenHolder: async ({ hash }) => {
      const row = await session.first<{
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
         FROM runsmith.tokens AS t JOIN runsmith.principals AS p ON p.principal_id = t.principal_id
         WHERE t.hash = @hash AND p.enabled = 1 AND (t.expires_at IS NULL OR t.expires_at > SYSUTCDATETIME())`,
        { hash: bytes(hash) },
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

    principalByName: async ({ kind, name }) => {
      const row = await session.first<PrincipalRow>(
        `${selectPrincipal} WHERE workspace_id = @workspace_id AND kind = @kind AND name = @name`,
        { workspace_id: id(defaultWorkspace), kind, name },
      );
      return row === undefined ? null : toPrincipal(row);
    },
  };
}

export const accessWriteRules: WriteRules<AccessWrites> = {
  createPrincipal: "kept",
  changePrincipal: "repeatable",
  deletePrincipal: "kept",
  createToken: "kept",
  revokeTokens: "kept",
  markTokensUsed: "repeatable",
  purgeExpiredTokens: "single",
};

export function accessWrites(session: MssqlSession): Asynchronous<AccessWrites> {
  return {
    createPrincipal: async ({ kind, name, roles, token }) => {
      const principalId = newId();
      try {
        await session.run(
          `INSERT INTO runsmith.principals (workspace_id, principal_id, kind, name, roles, created_at)
           VALUES (@workspace_id, @principal_id, @kind, @name, @roles, CAST(SYSUTCDATETIME() AS datetime2(3)))`,
          { workspace_id: id(defaultWorkspace), principal_id: id(principalId), kind, name, roles: json(roles) },
        );
      } catch (error) {
        if (!isDuplicate(error)) {
          throw error;
        }
        throw principalExists({ kind, name });
      }
      return { principalId, tokenId: token === undefined ? null : await insertToken(session, principalId, token) };
    },

    changePrincipal: async ({ principalId, roles, enabled }) => {
      await session.run(
        `UPDATE runsmith.principals SET roles = COALESCE(@roles, roles), enabled = COALESCE(@enabled, enabled)
         WHERE principal_id = @principal_id`,
        { principal_id: id(principalId), roles: json(roles), enabled: bit(enabled ?? null) },
      );
      // Others remember what the principal may do by its tokens.
      await noteRevoked(session, principalId);
      return mustFindPrincipal(session, principalId);
    },

    deletePrincipal: async ({ principalId }) => {
      await noteRevoked(session, principalId);
      const deleted = await session.run("DELETE FROM runsmith.principals WHERE principal_id = @principal_id", {
        principal_id: id(principalId),
      });
      return deleted > 0;
    },

    createToken: async ({ principalId, replace, ...token }) => {
      await mustFindPrincipal(session, principalId);
      if (replace === true) {
        await revokeTokens(session, principalId, token.purpose);
      }
      return { tokenId: await insertToken(session, principalId, token) };
    },

    revokeTokens: ({ principalId, purpose }) => revokeTokens(session, principalId, purpose),

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

async function insertToken(session: MssqlSession, principalId: string, token: NewToken): Promise<string> {
  const tokenId = newId();
  await session.run(
    `INSERT INTO runsmith.tokens (workspace_id, token_id, principal_id, hash, purpose, created_at, expires_at)
     VALUES (@workspace_id, @token_id, @principal_id, @hash, @purpose, CAST(SYSUTCDATETIME() AS datetime2(3)), @expires_at)`,
    {
      workspace_id: id(defaultWorkspace),
      token_id: id(tokenId),
      principal_id: id(principalId),
      hash: bytes(token.hash),
      purpose: token.purpose,
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

async function findPrincipal(session: MssqlSession, principalId: string): Promise<Principal | null> {
  const row = await session.first<PrincipalRow>(`${selectPrincipal} WHERE principal_id = @principal_id`, {
    principal_id: id(principalId),
  });
  return row === undefined ? null : toPrincipal(row);
}

async function mustFindPrincipal(session: MssqlSession, principalId: string): Promise<Principal> {
  const principal = await findPrincipal(session, principalId);
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
    enabled: row.enabled,
    createdAt: row.created_at,
  };
}
