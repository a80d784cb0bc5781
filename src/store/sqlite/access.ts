import type { AccessReads, AccessWrites } from "../operations/access.ts";
import { principalReads, principalWrites } from "./principals.ts";
import type { SqliteSession } from "./session.ts";
import { tokenReads, tokenWrites } from "./tokens.ts";

export function accessReads(session: SqliteSession): AccessReads {
  return { ...principalReads(session), ...tokenReads(session) };
}

export function accessWrites(session: SqliteSession): AccessWrites {
  return { ...principalWrites(session), ...tokenWrites(session) };
}
