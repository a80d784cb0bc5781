import { hkdfSync } from "node:crypto";
import { UserError } from "../contract/user-error.ts";
import type { MasterKey } from "./master-key.ts";
import type { SealedPlace } from "./sealed-place.ts";
import { associatedData } from "./sealed-place.ts";
import { AlteredValue, masterKeyIdOf, openValue, rewrapValue, sealValue } from "./sealed-value.ts";

/** Seals what is secret, and opens it again. */
export interface Sealer {
  /** @throws UserError `sealing-unsure` (503) while this service does not know by which key; it goes away by itself */
  seal(plain: Uint8Array, place: SealedPlace): Uint8Array;
  /**
   * @throws UserError `sealed-value-altered` (500) when it was changed, cut, taken from another place, or an older value was put back;
   * `master-key-missing` (503)
   */
  open(sealed: Uint8Array, place: SealedPlace): Uint8Array;
  /** 32 bytes for one purpose, the same on every service and over every rotation of the master key. */
  deriveKey(purpose: string): Uint8Array;
}

/** What values are sealed by. */
export interface SealingKeys {
  /** All that can be read here, by id. */
  readable: ReadonlyMap<string, MasterKey>;
  /** Seals. */
  current: MasterKey;
  /** Ids of keys that are retired: what they sealed is not believed any more. */
  retired: ReadonlySet<string>;
}

/** A sealer by keys that may be replaced while it works. */
export class KeySealer implements Sealer {
  readonly #installationId: string;
  readonly #root: Uint8Array;
  readonly #grace: number;
  /** Until when keys that were retired while this worked still open what was read before, by the monotonic clock. */
  readonly #openUntil = new Map<string, number>();
  #keys: SealingKeys;
  #mayBeOld: () => boolean = () => false;

  /**
   * @param root the secret that `deriveKey` starts from
   * @param grace milliseconds for which a key that is retired meanwhile goes on to open values: they may have been read just before
   */
  constructor(installationId: string, keys: SealingKeys, root: Uint8Array, grace = 0) {
    this.#installationId = installationId;
    this.#keys = keys;
    this.#root = root;
    this.#grace = grace;
  }

  get keys(): SealingKeys {
    return this.#keys;
  }

  use(keys: SealingKeys): void {
    for (const keyId of keys.retired) {
      if (!this.#keys.retired.has(keyId)) {
        this.#openUntil.set(keyId, performance.now() + this.#grace);
      }
    }
    this.#keys = keys;
  }

  /** While this says so, nothing is sealed: another key may have become the current one. */
  refuseWhile(mayBeOld: () => boolean): void {
    this.#mayBeOld = mayBeOld;
  }

  seal(plain: Uint8Array, place: SealedPlace): Uint8Array {
    if (this.#mayBeOld()) {
      throw new UserError("sealing-unsure", "The service cannot tell by which key secrets are sealed now.", {
        status: 503,
        remedy: "It has not reached the database for a while. Try again in a moment.",
      });
    }
    return sealValue(plain, this.#associated(place), this.#keys.current);
  }

  open(sealed: Uint8Array, place: SealedPlace): Uint8Array {
    try {
      return openValue(sealed, this.#associated(place), this.#keyOf(sealed));
    } catch (error) {
      throw error instanceof AlteredValue ? altered(place, error) : error;
    }
  }

  deriveKey(purpose: string): Uint8Array {
    return Buffer.from(hkdfSync("sha256", this.#root, "", `runsmith ${purpose}`, 32));
  }

  /** The same value under the current key; null when it is under that key already. Throws as `open` does. */
  rewrap(sealed: Uint8Array, place: SealedPlace): Uint8Array | null {
    const { current } = this.#keys;
    try {
      const from = this.#keyOf(sealed);
      if (from.id === current.id) {
        return null;
      }
      return rewrapValue(sealed, this.#associated(place), from, current);
    } catch (error) {
      throw error instanceof AlteredValue ? altered(place, error) : error;
    }
  }

  #keyOf(sealed: Uint8Array): MasterKey {
    const keyId = masterKeyIdOf(sealed);
    if (keyId === null) {
      throw new AlteredValue("It is no sealed value.");
    }
    if (this.#keys.retired.has(keyId) && performance.now() >= (this.#openUntil.get(keyId) ?? 0)) {
      throw new AlteredValue(`It is sealed by the key ${keyId}, which is retired.`);
    }
    const key = this.#keys.readable.get(keyId);
    if (key === undefined) {
      throw masterKeyMissing(keyId);
    }
    return key;
  }

  #associated(place: SealedPlace): Uint8Array {
    return associatedData(this.#installationId, place);
  }
}

/** A service lacks the key that something is sealed by. */
export function masterKeyMissing(keyId: string, sources?: string): UserError {
  return new UserError(
    "master-key-missing",
    `Secrets in the database are sealed by the master key ${keyId}, and this service does not have it${sources === undefined ? "" : ` (it looked at ${sources})`}.`,
    {
      status: 503,
      remedy:
        "Give the service that key: --master-key-file FILE, RUNSMITH_MASTER_KEY, the systemd credential master-key, or --master-key-command. It was shown with its path when the installation was first started.",
    },
  );
}

/** What has to be sealed stands in the database as it is: nobody of this installation wrote it. */
export function notSealed({ table, column, rowId }: SealedPlace): UserError {
  return new UserError(
    "sealed-value-altered",
    `A secret is not what this installation sealed: in place of ${table}.${column} of ${rowId} the database holds a value that is not sealed at all.`,
    { status: 500, remedy: "Set the value again. Find out who has written to the database." },
  );
}

function altered({ table, column, rowId }: SealedPlace, cause: AlteredValue): UserError {
  return new UserError(
    "sealed-value-altered",
    `A secret is not what this installation sealed: ${table}.${column} of ${rowId} was changed in the database, moved there, or an older one was put back.`,
    {
      status: 500,
      remedy: "Set the value again. Find out who has written to the database.",
      cause,
    },
  );
}
