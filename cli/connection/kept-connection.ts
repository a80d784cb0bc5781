import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../../src/contract/user-error.ts";

/** The service that `connect` was told of, and the token that it got there. */
export interface KeptConnection {
  url: string;
  token: string;
  /** Of the token; null where somebody else made it. */
  tokenId: string | null;
  /** Whom it speaks for. */
  name: string;
  caFile: string | null;
  expiresAt: string | null;
}

/** Where it is kept: in the user's configuration (XDG Base Directory Specification). */
export function keptConnectionFile(): string {
  const own = process.env.XDG_CONFIG_HOME;
  return join(own ? own : join(homedir(), ".config"), "runsmith", "connection.json");
}

/**
 * What `connect` kept; null when there is nothing.
 * Throws `UserError` (`connection-file-readable-by-others`, `connection-file-damaged`).
 */
export function readKeptConnection(): KeptConnection | null {
  const file = keptConnectionFile();
  let text: string;
  try {
    // A token that others of this machine could read, or write, is theirs as well.
    if ((statSync(file).mode & 0o077) !== 0) throw readableByOthers(file);
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ENOTDIR")
      return null;
    throw error instanceof UserError ? error : damaged(file, (error as Error).message);
  }
  try {
    const kept = JSON.parse(text) as Partial<KeptConnection>;
    if (typeof kept.url === "string" && typeof kept.token === "string" && URL.canParse(kept.url)) {
      const { url, token, tokenId = null, name = "", caFile = null, expiresAt = null } = kept;
      return { url, token, tokenId, name, caFile, expiresAt };
    }
  } catch {
    // Told below.
  }
  throw damaged(file, "it holds no connection");
}

/** Keeps a connection in place of the former one, readable by this account only. */
export function keepConnection(connection: KeptConnection): void {
  const file = keptConnectionFile();
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.new`;
  rmSync(next, { force: true });
  writeFileSync(next, `${JSON.stringify(connection, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  // The umask may have taken more; nothing may have given more.
  chmodSync(next, 0o600);
  renameSync(next, file);
}

/** Forgets the connection. */
export function dropConnection(): void {
  rmSync(keptConnectionFile(), { force: true });
}

function readableByOthers(file: string): UserError {
  return new UserError(
    "connection-file-readable-by-others",
    `${file} holds a token, and others may read or change it.`,
    {
      status: 503,
      remedy: `chmod 600 ${file}; and revoke the token when somebody may have read it: npx runsmith revoke-token.`,
    },
  );
}

function damaged(file: string, why: string): UserError {
  return new UserError("connection-file-damaged", `${file} cannot be used: ${why}.`, {
    status: 503,
    remedy: "Run `npx runsmith connect URL` again, or `npx runsmith disconnect`.",
  });
}
