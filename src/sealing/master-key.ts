import type { KeyObject } from "node:crypto";
import { createSecretKey, hkdfSync, randomBytes } from "node:crypto";
import { UserError } from "../contract/user-error.ts";

/** Bytes of a master key. */
const keyLength = 32;

/** A master key: it wraps the key of each sealed value, and nothing else. */
export interface MasterKey {
  /** Names it without telling anything of it: 16 hexadecimal digits. */
  id: string;
  /** What wraps; made of the key. */
  wrapping: KeyObject;
}

/** A new master key as text: one line of base64. */
export function newMasterKey(): string {
  return randomBytes(keyLength).toString("base64");
}

/** The lines of a key's file: which key it is and since when, for people, and the key itself. */
export function masterKeyLines(key: string): string {
  const [{ id }] = parseMasterKeys(key, "a new key") as [MasterKey];
  return `# master key ${id}, made ${new Date().toISOString()}\n${key}\n`;
}

/**
 * The master keys in a text, separated by white space: each 32 bytes in base64 or hexadecimal digits. Lines that begin with `#` are skipped.
 * @param shown where the text is from, for the refusal
 * @throws UserError `master-key-invalid`
 */
export function parseMasterKeys(text: string, shown: string): MasterKey[] {
  const words = text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .flatMap((line) => line.split(/\s+/))
    .filter((word) => word !== "");
  const keys = words.map((word) => {
    const bytes = bytesOf(word);
    if (bytes === null) {
      throw new UserError("master-key-invalid", `What ${shown} gives is no master key.`, {
        status: 500,
        remedy: "A master key is 32 random bytes in base64, on a line of its own: openssl rand -base64 32",
      });
    }
    return masterKeyOf(bytes);
  });
  if (keys.length === 0) {
    throw new UserError("master-key-invalid", `There is no master key in what ${shown} gives.`, {
      status: 500,
      remedy: "A master key is 32 random bytes in base64, on a line of its own: openssl rand -base64 32",
    });
  }
  return keys;
}

function bytesOf(word: string): Buffer | null {
  const bytes = /^[0-9a-f]{64}$/i.test(word)
    ? Buffer.from(word, "hex")
    : /^[A-Za-z0-9+/_-]{43}=?$/.test(word)
      ? Buffer.from(word, "base64")
      : null;
  return bytes?.length === keyLength ? bytes : null;
}

function masterKeyOf(bytes: Buffer): MasterKey {
  const derive = (purpose: string, length: number) => Buffer.from(hkdfSync("sha256", bytes, "", purpose, length));
  return {
    id: derive("runsmith master key id", 8).toString("hex"),
    wrapping: createSecretKey(derive("runsmith wrapping key", keyLength)),
  };
}
