import type { AccessReads, AccessWrites } from "../operations/access.ts";
import type { Asynchronous } from "../store.ts";
import { principalReads, principalWriteRules, principalWrites } from "./principals.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { tokenReads, tokenWriteRules, tokenWrites } from "./tokens.ts";

export function accessReads(session: MssqlSession): Asynchronous<AccessReads> {
  return { ...principalReads(session), ...tokenReads(session) };
}

export const accessWriteRules: WriteRules<AccessWrites> = { ...principalWriteRules, ...tokenWriteRules };

export function accessWrites(session: MssqlSession): Asynchronous<AccessWrites> {
  return { ...principalWrites(session), ...tokenWrites(session) };
}
