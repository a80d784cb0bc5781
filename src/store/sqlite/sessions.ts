import { noSuchPrincipal } from "../access-refusals.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { PrincipalKind } from "../operations/access.ts";
import type { SignInReads, SignInWrites } from "../operations/sign-ins.ts";
import { mustFindPrincipal, withGroups } from "./principal-rows.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

interface SessionRow {
  session_id: Uint8Array;
  principal_id: Uint8Array;
  kind: PrincipalKind;
  name: string;
  roles: string;
  method: string;
  must_change_password: number | null;
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

export function sessionReads(session: SqliteSession): SessionReads {
  return {
    sessionHolder: ({ hash }) => {
      const row = session.first<SessionRow>(
        `SELECT s.session_id, s.principal_id, p.kind, p.name, p.roles, s.method, u.must_change_password, s.ends_at,
           c.ends_at AS secret_ends_at,
           (SELECT MAX(n.created_at) FROM session_secrets n WHERE n.session_id = s.session_id) AS newest_secret_at,
           EXISTS (SELECT 1 FROM session_secrets f WHERE f.session_id = s.session_id AND f.created_at < c.created_at
             AND f.ends_at IS NULL) AS has_former_secret
         FROM session_secrets c JOIN sessions s ON s.session_id = c.session_id
           JOIN principals p ON p.principal_id = s.principal_id LEFT JOIN users u ON u.principal_id = s.principal_id
         WHERE c.hash = ?1 AND (c.ends_at IS NULL OR c.ends_at > ?2) AND s.ends_at > ?2 AND s.idle_at > ?2 AND p.enabled = 1`,
        hash,
        session.now(),
      );
      if (row === undefined) {
        return null;
      }
      const roles = JSON.parse(row.roles) as string[];
      const principal = { principalId: bytesToId(row.principal_id), kind: row.kind, name: row.name, roles };
      return {
        ...withGroups(session, row.principal_id, principal),
        sessionId: bytesToId(row.session_id),
        method: row.method,
        mustChangePassword: row.must_change_password === 1,
        endsAt: row.ends_at,
        secretEndsAt: row.secret_ends_at,
        newestSecretAt: row.newest_secret_at,
        hasFormerSecret: row.has_former_secret === 1,
      };
    },

    sessions: ({ principalId }) =>
      session
        .all<{
          session_id: Uint8Array;
          method: string;
          address: string;
          created_at: number;
          idle_at: number;
          ends_at: number;
        }>(
          `SELECT session_id, method, address, created_at, idle_at, ends_at FROM sessions
           WHERE workspace_id = ?1 AND principal_id = ?2 AND ends_at > ?3 AND idle_at > ?3 ORDER BY session_id DESC`,
          defaultWorkspace,
          idToBytes(principalId),
          session.now(),
        )
        .map((row) => ({
          sessionId: bytesToId(row.session_id),
          method: row.method,
          address: row.address,
          createdAt: row.created_at,
          idleAt: row.idle_at,
          endsAt: row.ends_at,
        })),
  };
}

export function sessionWrites(session: SqliteSession): SessionWrites {
  return {
    beginSession: ({ principalId, method, address, passwordHash, hash, idleTime, longestTime }) => {
      if (!mustFindPrincipal(session, principalId).enabled) {
        throw noSuchPrincipal(principalId);
      }
      const values = [idToBytes(principalId), passwordHash ?? null] as const;
      if (
        passwordHash !== undefined &&
        session.first("SELECT 1 FROM users WHERE principal_id = ? AND password_hash = ?", ...values) === undefined
      ) {
        throw noSuchPrincipal(principalId);
      }
      const sessionId = session.newId();
      const now = session.now();
      const endsAt = now + longestTime;
      session.run(
        `INSERT INTO sessions (workspace_id, session_id, principal_id, method, address, created_at, idle_at, ends_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        defaultWorkspace,
        idToBytes(sessionId),
        idToBytes(principalId),
        method,
        address,
        now,
        now + idleTime,
        endsAt,
      );
      insertSecret(session, sessionId, hash);
      session.run("UPDATE users SET signed_in_at = ? WHERE principal_id = ?", now, idToBytes(principalId));
      return { sessionId, endsAt };
    },

    endSession: ({ sessionId }) => session.run("DELETE FROM sessions WHERE session_id = ?", idToBytes(sessionId)) > 0,

    endSessions: ({ principalId, keepSession }) => endSessions(session, principalId, keepSession),

    addSessionSecret: ({ sessionId, hash }) => {
      const isThere = session.first("SELECT 1 FROM sessions WHERE session_id = ?", idToBytes(sessionId)) !== undefined;
      if (isThere) {
        insertSecret(session, sessionId, hash);
      }
      return isThere;
    },

    retireSessionSecrets: ({ sessionId, hash, grace }) => {
      session.run(
        `UPDATE session_secrets SET ends_at = ?1 WHERE session_id = ?2 AND ends_at IS NULL
           AND created_at < (SELECT created_at FROM session_secrets WHERE hash = ?3)`,
        session.now() + grace,
        idToBytes(sessionId),
        hash,
      );
    },

    markSessionsUsed: ({ sessions }) => {
      for (const { sessionId, idleAt } of sessions) {
        session.run("UPDATE sessions SET idle_at = max(idle_at, ?) WHERE session_id = ?", idleAt, idToBytes(sessionId));
      }
    },

    purgeEndedSessions: ({ limit }) => {
      const now = session.now();
      session.run(
        "DELETE FROM session_secrets WHERE hash IN (SELECT hash FROM session_secrets WHERE ends_at <= ? LIMIT ?)",
        now,
        limit,
      );
      return session.run(
        `DELETE FROM sessions WHERE session_id IN
           (SELECT session_id FROM sessions WHERE ends_at <= ?1 OR idle_at <= ?1 LIMIT ?2)`,
        now,
        limit,
      );
    },
  };
}

export function endSessions(session: SqliteSession, principalId: string, keepSession: string | undefined): number {
  return session.run(
    "DELETE FROM sessions WHERE workspace_id = ?1 AND principal_id = ?2 AND (?3 IS NULL OR session_id <> ?3)",
    defaultWorkspace,
    idToBytes(principalId),
    keepSession === undefined ? null : idToBytes(keepSession),
  );
}

function insertSecret(session: SqliteSession, sessionId: string, hash: Uint8Array): void {
  session.run(
    "INSERT INTO session_secrets (hash, session_id, created_at) VALUES (?, ?, ?)",
    hash,
    idToBytes(sessionId),
    session.now(),
  );
}
