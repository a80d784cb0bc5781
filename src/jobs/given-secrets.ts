import { createHmac } from "node:crypto";
import type { SealedColumn } from "../sealing/sealed-columns.ts";
import { rewrappedAtOnce } from "../sealing/sealed-columns.ts";
import type { SealedPlace } from "../sealing/sealed-place.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { Store } from "../store/store.ts";
import { BoundedCache } from "./bounded-cache.ts";

/** Answers that are remembered as noted; a job may read an encrypted variable again and again. */
const mostRemembered = 10_000;

/** Rows that are purged in one transaction. */
const purgedAtOnce = 500;

/** Milliseconds within which a job is accepted whose secrets are noted before it is there. */
const acceptedWithin = 3_600_000;

/** A row is written once, so there is no older value of it. */
const version = 1;

/** The secret texts that jobs were given: what attempt 1 was told is masked in what attempt 2 says. */
export class GivenSecrets {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #sealer: Sealer;
  readonly #names: Uint8Array;
  readonly #noted = new BoundedCache<string, true>(mostRemembered);

  constructor(store: Pick<Store, "read" | "write">, sealer: Sealer) {
    this.#store = store;
    this.#sealer = sealer;
    this.#names = sealer.deriveKey("names of job secrets");
  }

  /** Resolves when they are stored: only then may a script have them. */
  async note(jobId: string, secrets: readonly string[]): Promise<void> {
    const plain = JSON.stringify(secrets);
    const secretId = idOf(createHmac("sha256", this.#names).update(`${jobId}\0${plain}`).digest());
    if (secrets.length === 0 || this.#noted.get(secretId) === true) {
      return;
    }
    const sealed = this.#sealer.seal(Buffer.from(plain), placeOf(secretId));
    await this.#store.write.addJobSecrets({ secretId, jobId, sealed });
    this.#noted.set(secretId, true);
  }

  /** All that the attempts of a job were given until now. */
  async of(jobId: string): Promise<string[]> {
    const rows = await this.#store.read.jobSecrets({ jobId });
    const secrets = rows.flatMap(({ secretId, sealed }) => this.#open(secretId, sealed));
    return [...new Set(secrets)];
  }

  /** A job that goes on from another's steps has what that was given in them, before it is accepted. */
  async copy({ from, to }: { from: string; to: string }): Promise<void> {
    await this.note(to, await this.of(from));
  }

  /** Removes what no attempt will need any more. */
  async purge(isStopped: () => boolean): Promise<void> {
    const request = { limit: purgedAtOnce, unknownBefore: Date.now() - acceptedWithin };
    while (!isStopped() && (await this.#store.write.purgeJobSecrets(request)) === purgedAtOnce) {}
  }

  #open(secretId: string, sealed: Uint8Array): string[] {
    return JSON.parse(Buffer.from(this.#sealer.open(sealed, placeOf(secretId))).toString("utf8")) as string[];
  }
}

/** For the rotation of the master key. */
export function jobSecretsColumn(store: Pick<Store, "read" | "write">): SealedColumn {
  return {
    table,
    column,
    async page(after) {
      const stored = await store.read.sealedJobSecrets({ after, limit: rewrappedAtOnce });
      const rows = stored.map(({ secretId, sealed }) => ({ rowId: secretId, version, sealed }));
      return { rows, next: rows.length < rewrappedAtOnce ? null : (rows.at(-1)?.rowId ?? null) };
    },
    rewrap: (rows) =>
      store.write.rewrapJobSecrets({ rows: rows.map(({ rowId, sealed }) => ({ secretId: rowId, sealed })) }),
  };
}

const table = "job_secrets";
const column = "sealed";

function placeOf(secretId: string): SealedPlace {
  return { table, column, rowId: secretId, version };
}

/** The first 16 bytes as an id's text. */
function idOf(digest: Buffer): string {
  return digest.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
