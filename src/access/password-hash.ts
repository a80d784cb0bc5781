import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { UserError } from "../contract/user-error.ts";

/**
 * What a hash costs: 46 MiB, one pass, one lane (the first of OWASP's equally strong choices for argon2id). Stored hashes carry their
 * own, so that these can grow.
 */
const parameters: Parameters = { memory: 47_104, passes: 1, parallelism: 1 };

const saltLength = 16;
const hashLength = 32;

/** Hashes made at the same time. Each takes a thread of the process's four, and its memory; the other threads read files. */
const mostAtOnce = 2;
/** Those that may wait for it; the last waits some ten seconds. */
const mostWaiting = 200;

interface Parameters {
  /** KiB. */
  memory: number;
  passes: number;
  parallelism: number;
}

/** What to compare with where there is no such user or no password: as much work, and never equal. */
const dummy: StoredHash = { ...parameters, salt: randomBytes(saltLength), hash: randomBytes(hashLength) };

interface StoredHash extends Parameters {
  salt: Uint8Array;
  hash: Uint8Array;
}

/**
 * The argon2id hash (RFC 9106) of a password in the PHC string format, with a salt of its own.
 * @throws UserError `sign-in-busy` (503)
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltLength);
  const { memory, passes, parallelism } = parameters;
  const hash = await derive(password, { ...parameters, salt, hash: new Uint8Array(hashLength) });
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * Whether a password is the one of this hash. Without a hash it takes as long, and is not.
 * @throws UserError `sign-in-busy` (503)
 */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
  const known = stored === null ? null : read(stored);
  const expected = known ?? dummy;
  const derived = await derive(password, expected);
  return timingSafeEqual(derived, expected.hash) && known !== null;
}

/** Whether a hash was made with other parameters than a new one would be. */
export function isOutdated(stored: string): boolean {
  const known = read(stored);
  return (
    known === null ||
    known.memory !== parameters.memory ||
    known.passes !== parameters.passes ||
    known.parallelism !== parameters.parallelism
  );
}

/** Null for what this program cannot read: nobody signs in by it. */
function read(stored: string): StoredHash | null {
  const found = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]{43})$/.exec(
    stored,
  );
  if (found === null) {
    return null;
  }
  const [, memory, passes, parallelism, salt = "", hash = ""] = found;
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, "base64"),
    hash: Buffer.from(hash, "base64"),
  };
}

let running = 0;
const waiting: (() => void)[] = [];

/** Off the main thread, and at most `mostAtOnce` at once. */
async function derive(password: string, { memory, passes, parallelism, salt, hash }: StoredHash): Promise<Buffer> {
  if (running >= mostAtOnce) {
    if (waiting.length >= mostWaiting) {
      throw new UserError("sign-in-busy", "Too many passwords are being checked at the moment.", {
        status: 503,
        remedy: "Try again in a few seconds. Programs had better use a token: it costs nothing to check.",
      });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running += 1;
  }
  try {
    return await new Promise<Buffer>((resolve, reject) =>
      argon2(
        "argon2id",
        // The same characters may come in several forms, depending on the keyboard (RFC 8265 §4.2).
        { message: password.normalize("NFC"), nonce: salt, memory, passes, parallelism, tagLength: hash.length },
        (error, derived) => (error === null ? resolve(derived) : reject(error)),
      ),
    );
  } finally {
    // Whoever waits takes the place over.
    const next = waiting.shift();
    if (next === undefined) {
      running -= 1;
    } else {
      next();
    }
  }
}

/** Base64 as the PHC string format has it. */
function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}
