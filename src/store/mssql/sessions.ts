import { noSuchPrincipal } from "../access-refusals.ts";
import { bytesToId } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
import type { SignInReads, SignInWrites } from "../operations/sign-ins.ts";
import type { Asynchronous } from "../store.ts";
import type { ActingRow } from "./principal-rows.ts";
import { mustFindPrincipal, readWithGroups } from "./principal-rows.ts";
import { noteRevokedToken } from "./revoked-tokens.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { bytes, id, int, text, time } from "./sql-values.ts";

interface SessionRow extends ActingRow {
  session_id: Uint8Array;
  method: string;
  must_change_password: boolean | null;
  ends_at: number;
  secret_ends_at: number | null;
  newest_secret_at: number;
  has_former_secret: number;
}

type SessionReads = Pick<SignInReads, "sessionHolder" | "sessions">;
type SessionWrites = Pick<
  SignInWrites,
  | "beginSession"
  | "endSession"
  | "endSessions"
  | "addSessionSecret"
  | "retireSessionSecrets"
  | "markSessionsUsed"
  | "purgeEndedSessions"
>;

export function sessionReads(session: MssqlSession): Asynchronous<SessionReads> {
  return {
    sessionHolder: async ({ hash }) => {
      const found = await readWithGroups<SessionRow>(
        session,
        `DECLARE @principal_id binary(16) = (SELECT s.principal_id FROM runsmith.session_secrets c
           JOIN runsmith.sessions s ON s.session_id = c.session_id WHERE c.hash = @hash);
         SELECT s.session_id, s.principal_id, p.kind, p.name, p.roles, s.method, u.must_change_password, s.ends_at,
           c.ends_at AS secret_ends_at,
           (SELECT MAX(n.created_at) FROM runsmith.session_secrets n WHERE n.session_id = s.session_id) AS newest_secret_at,
           CASE WHEN EXISTS (SELECT 1 FROM runsmith.session_secrets f WHERE f.session_id = s.session_id
             AND f.created_at < c.created_at AND f.ends_at IS NULL) THEN 1 ELSE 0 END AS has_former_secret
         FROM runsmith.session_secrets c JOIN runsmith.sessions s ON s.session_id = c.session_id
           JOIN runsmith.principals p ON p.principal_id = s.principal_id
           LEFT JOIN runsmith.users u ON u.principal_id = s.principal_id
         WHERE c.hash = @hash AND (c.ends_at IS NULL OR c.ends_at > SYSUTCDATETIME()) AND s.ends_at > SYSUTCDATETIME()
           AND s.idle_at > SYSUTCDATETIME() AND p.enabled = 1`,
        { hash: bytes(hash) },
      );
      if (found === null) {
        return null;
      }
      const { acting, row } = found;
      return {
        ...acting,
        sessionId: bytesToId(row.session_id),
        method: row.method,
        mustChangePassword: row.must_change_password === true,
        endsAt: row.ends_at,
        secretEndsAt: row.secret_ends_at,
        newestSecretAt: row.newest_secret_at,
        hasFormerSecret: row.has_former_secret === 1,
      };
    },

    sessions: async ({ principalId }) => {
      const rows = await session.all<{
        session_id: Uint8Array;
        method: string;
        address: string;
        created_at: number;
        idle_at: number;
        ends_at: number;
      }>(
        `SELECT session_id, method, address, created_at, idle_at, ends_at FROM runsmith.sessions
         WHERE workspace_id = @workspace_id AND principal_id = @principal_id AND ends_at > SYSUTCDATETIME()
           AND idle_at > SYSUTCDATETIME()
         ORDER BY session_id DESC`,
        { workspace_id: id(defaultWorkspace), principal_id: id(principalId) },
      );
      return rows.map((row) => ({
        sessionId: bytesToId(row.session_id),
        method: row.method,
        address: row.address,
        createdAt: row.created_at,
        idleAt: row.idle_at,
        endsAt: row.ends_at,
      }));
    },
  };
}

export const sessionWriteRules: WriteRules<SessionWrites> = {
  beginSession: "kept",
  endSession: "kept",
  endSessions: "kept",
  addSessionSecret: "kept",
  retireSessionSecrets: "repeatable",
  markSessionsUsed: "repeatable",
  purgeEndedSessions: "repeatable",
};

export function sessionWrites(session: MssqlSession): Asynchronous<SessionWrites> {
  return {
    beginSession: async ({ principalId, method, address, passwordHash, hash, idleTime, longestTime }) => {
      if (!(await mustFindPrincipal(session, principalId)).enabled) {
        throw noSuchPrincipal(principalId);
      }
      if (passwordHash !== undefined && !(await hasPassword(session, principalId, passwordHash))) {
        throw noSuchPrincipal(principalId);
      }
      const sessionId = newId();
      const begun = await session.first<{ ends_at: number }>(
        `DECLARE @now datetime2(3) = CAST(SYSUTCDATETIME() AS datetime2(3));
         INSERT INTO runsmith.sessions (workspace_id, session_id, principal_id, method, address, created_at, idle_at, ends_at)
         VALUES (@workspace_id, @session_id, @principal_id, @method, @address, @now,
           DATEADD(second, @idle_seconds, @now), DATEADD(second, @longest_seconds, @now));
         UPDATE runsmith.users SET signed_in_at = @now WHERE principal_id = @principal_id;
         SELECT ends_at FROM runsmith.sessions WHERE session_id = @session_id`,
        {
          workspace_id: id(defaultWorkspace),
          session_id: id(sessionId),
          principal_id: id(principalId),
          method: text(method),
          address: text(address),
          idle_seconds: int(Math.ceil(idleTime / 1000)),
          longest_seconds: int(Math.ceil(longestTime / 1000)),
        },
      );
      if (begun === undefined) {
        throw new Error("The session is gone in its own transaction.");
      }
      await insertSecret(session, sessionId, hash);
      return { sessionId, endsAt: begun.ends_at };
    },

    endSession: async ({ sessionId }) => {
      await noteRevokedToken(session, sessionId);
      const ended = await session.run("DELETE FROM runsmith.sessions WHERE session_id = @session_id", {
        session_id: id(sessionId),
      });
      return ended > 0;
    },

    endSessions: ({ principalId, keepSession }) => endSessions(session, principalId, keepSession),

    addSessionSecret: async ({ sessionId, hash }) => {
      const there = await session.first("SELECT session_id FROM runsmith.sessions WHERE session_id = @session_id", {
        session_id: id(sessionId),
      });
      if (there !== undefined) {
        await insertSecret(session, sessionId, hash);
      }
      return there !== undefined;
    },

    retireSessionSecrets: async ({ sessionId, hash, grace }) => {
      await session.run(
        `UPDATE runsmith.session_secrets
         SET ends_at = DATEADD(millisecond, @grace, CAST(SYSUTCDATETIME() AS datetime2(3)))
         WHERE session_id = @session_id AND ends_at IS NULL
           AND created_at < (SELECT created_at FROM runsmith.session_secrets WHERE hash = @hash)`,
        { session_id: id(sessionId), hash: bytes(hash), grace },
      );
    },

    markSessionsUsed: async ({ sessions }) => {
      // In the order of their ids, so that two services that note the same sessions do not wait for each other in a circle.
      for (const { sessionId, idleAt } of sessions.toSorted((one, other) =>
        one.sessionId < other.sessionId ? -1 : 1,
      )) {
        await session.run(
          "UPDATE runsmith.sessions SET idle_at = @idle_at WHERE session_id = @session_id AND idle_at < @idle_at",
          { idle_at: time(idleAt), session_id: id(sessionId) },
        );
      }
    },

    purgeEndedSessions: async ({ limit }) => {
      await session.run("DELETE TOP (@limit) FROM runsmith.session_secrets WHERE ends_at <= SYSUTCDATETIME()", {
        limit,
      });
      return session.run(
        "DELETE TOP (@limit) FROM runsmith.sessions WHERE ends_at <= SYSUTCDATETIME() OR idle_at <= SYSUTCDATETIME()",
        { limit },
      );
    },
  };
}

/** Holds the principal's row, which a change of the password writes before it ends the sessions that there are. */
async function hasPassword(session: MssqlSession, principalId: string, passwordHash: string): Promise<boolean> {
  const values = { principal_id: id(principalId), password_hash: text(passwordHash) };
  await session.first(
    "SELECT principal_id FROM runsmith.principals WITH (UPDLOCK) WHERE principal_id = @principal_id",
    values,
  );
  const found = await session.first(
    "SELECT principal_id FROM runsmith.users WHERE principal_id = @principal_id AND password_hash = @password_hash",
    values,
  );
  return found !== undefined;
}

export async function endSessions(
  session: MssqlSession,
  principalId: string,
  keepSession: string | undefined,
): Promise<number> {
  const values = {
    workspace_id: id(defaultWorkspace),
    principal_id: id(principalId),
    keep_session: id(keepSession ?? null),
  };
  const ended = await session.all<{ session_id: Uint8Array }>(
    `SELECT session_id FROM runsmith.sessions WHERE workspace_id = @workspace_id AND principal_id = @principal_id
       AND (@keep_session IS NULL OR session_id <> @keep_session)`,
    values,
  );
  for (const { session_id } of ended) {
    await noteRevokedToken(session, bytesToId(session_id));
  }
  return session.run(
    `DELETE FROM runsmith.sessions WHERE workspace_id = @workspace_id AND principal_id = @principal_id
       AND (@keep_session IS NULL OR session_id <> @keep_session)`,
    values,
  );
}

async function insertSecret(session: MssqlSession, sessionId: string, hash: Uint8Array): Promise<void> {
  await session.run(
    `INSERT INTO runsmith.session_secrets (hash, session_id, created_at)
     VALUES (@hash, @session_id, CAST(SYSUTCDATETIME() AS datetime2(3)))`,
    { hash: bytes(hash), session_id: id(sessionId) },
  );
}
