import { isoTime } from "../contract/api/iso-time.ts";
import type { MasterKeyResource } from "../contract/api/master-key.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { SealingService, StoredMasterKey } from "../store/operations/sealing.ts";
import type { Store } from "../store/store.ts";
import { proveSealing } from "./canary.ts";
import type { MasterKey } from "./master-key.ts";
import { newMasterKey, parseMasterKeys } from "./master-key.ts";
import type { MasterKeyOptions } from "./master-keys.ts";
import { openMasterKeys, sealingKeysOf } from "./master-keys.ts";
import { readRoot } from "./root-secret.ts";
import type { SealedColumn } from "./sealed-columns.ts";
import { ownSecrets } from "./sealed-columns.ts";
import type { SealedPlace } from "./sealed-place.ts";
import type { Sealer } from "./sealer.ts";
import { KeySealer } from "./sealer.ts";

/*
 * Sealing of secrets at rest, by the master key, and the rotation of that key.
 *
 *   sealed-value    one value: a data key of its own, wrapped by the master key, bound to its place
 *   master-keys     which key seals, at the start
 *   key-source      where keys come from
 *   root-secret     what other keys are derived of
 *   canary          proves at the start that what is written is sealed
 *   sealed-columns  what a rotation goes through
 *
 * A rotation is a state in the database that any service takes further: the new key is announced (next); when every live service says
 * that it can read it, it becomes the current one, and the former one retires; when every live service says that it seals by the new
 * one, the leader rewraps all values; when a whole pass has found nothing left, the former key is retired. Each step holds when a
 * service dies after it, and is taken again when one dies before.
 *
 * A service counts as live while it has been heard of within `seenWithin`. One that cannot reach the database for that long seals nothing
 * (`sealUnsureAfter` is less), so nothing is sealed by a key that others believe retired.
 */

export interface SealingOptions {
  store: Pick<Store, "read" | "write" | "installationId" | "isShared">;
  masterKey: MasterKeyOptions;
  /** Names this service, as no other. */
  service: string;
  logger: Logger;
  /**
   * Milliseconds between two reports where several services share the database, and between two steps of a rotation; and for which a key
   * that was retired still opens what was read before.
   */
  intervals?: { report: number; rotation: number; grace: number };
}

/** Milliseconds since its last report for which a service counts as live, … */
const seenWithin = 30_000;
/** … and after which it seals nothing, by its own clock, counted from before it reported. */
const sealUnsureAfter = 22_000;

const usualIntervals = { report: 8_000, rotation: 1_000, grace: 60_000 };

export class Sealing implements Sealer {
  readonly #options: SealingOptions;
  readonly #sealer: KeySealer;
  readonly #columns: SealedColumn[];
  #known: StoredMasterKey[] = [];
  #reportedAt = performance.now();
  #leadership: Leadership = { leads: false };
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;
  /** The file with the master key that was made at this start, else null. */
  readonly madeKeyAt: string | null;

  /**
   * Opens the keys and proves that what is written is sealed.
   * @throws UserError as `openMasterKeys` does; `not-sealed`
   */
  static async open(options: SealingOptions): Promise<Sealing> {
    const { store, masterKey } = options;
    const { keys, madeAt } = await openMasterKeys(store, masterKey);
    const { grace } = options.intervals ?? usualIntervals;
    const sealer = new KeySealer(store.installationId, keys, await readRoot(store, keys), grace);
    await proveSealing(store, sealer);
    const sealing = new Sealing(options, sealer, madeAt);
    await sealing.#report();
    return sealing;
  }

  private constructor(options: SealingOptions, sealer: KeySealer, madeKeyAt: string | null) {
    this.#options = options;
    this.#sealer = sealer;
    this.#columns = [ownSecrets(options.store)];
    this.madeKeyAt = madeKeyAt;
    if (options.store.isShared) {
      sealer.refuseWhile(() => performance.now() - this.#reportedAt > sealUnsureAfter);
    }
  }

  seal(plain: Uint8Array, place: SealedPlace): Uint8Array {
    return this.#sealer.seal(plain, place);
  }

  open(sealed: Uint8Array, place: SealedPlace): Uint8Array {
    return this.#sealer.open(sealed, place);
  }

  deriveKey(purpose: string): Uint8Array {
    return this.#sealer.deriveKey(purpose);
  }

  /** Adds a column to what a rotation goes through. Every column with sealed values has to be here before `start`. */
  addColumn(column: SealedColumn): void {
    this.#columns.push(column);
  }

  /** Begins to report, and to take rotations further where this service leads. */
  start(leadership: Leadership): void {
    this.#leadership = leadership;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
    await this.#options.store.write.endSealing({ service: this.#options.service }).catch(() => undefined);
  }

  async status(): Promise<MasterKeyResource> {
    this.#known = await this.#options.store.read.masterKeys();
    const services = await this.#options.store.read.sealingServices({ seenWithin });
    return {
      keys: this.#known.map(({ keyId, state, createdAt, changedAt }) => ({
        keyId,
        state,
        createdAt: isoTime(createdAt),
        changedAt: isoTime(changedAt),
      })),
      source: this.#options.masterKey.source.shown,
      rotating: this.#isRotating,
      waitingFor: this.#waitingFor(services),
    };
  }

  /**
   * Begins to replace the master key by another: one that the source holds beside those in use, else a new one, which is added to the
   * source where this service may do so. A rotation that is under way goes on.
   * @throws UserError `no-new-master-key` (409) when the source holds none and none can be added; `rotation-under-way`
   */
  async rotate(): Promise<MasterKeyResource> {
    const { store } = this.#options;
    this.#known = await store.read.masterKeys();
    if (!this.#isRotating) {
      const keyId = await this.#newKey();
      await store.write.announceMasterKey({ keyId });
    }
    await this.#report();
    // Not before the next turn of the clock, and then soon.
    this.#schedule(0);
    return this.status();
  }

  /** The id of a readable key that was never in use. */
  async #newKey(): Promise<string> {
    const { source } = this.#options.masterKey;
    const unused = async () => {
      const used = new Set(this.#known.map(({ keyId }) => keyId));
      return (await this.#readSource()).find(({ id }) => !used.has(id))?.id;
    };
    const given = await unused();
    if (given !== undefined) {
      return given;
    }
    if (source.add === undefined) {
      throw new UserError(
        "no-new-master-key",
        `No further key is in ${source.shown}, which the service cannot change.`,
        {
          status: 409,
          remedy:
            "Let every service have the new key beside the present one, each on a line of its own (openssl rand -base64 32), then ask again.",
        },
      );
    }
    await source.add(newMasterKey());
    const added = await unused();
    if (added === undefined) {
      throw new Error(`A key was added to ${source.shown}, and is not there.`);
    }
    return added;
  }

  get #isRotating(): boolean {
    return this.#known.some(({ state }) => state === "next" || state === "retiring");
  }

  #schedule(delay?: number): void {
    const { report, rotation } = this.#options.intervals ?? usualIntervals;
    // A service alone has nobody to tell, and whatever is to be done is begun here.
    if (this.#stopped || (!this.#options.store.isShared && !this.#isRotating && delay === undefined)) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#working = this.#working.then(() => this.#work()).finally(() => this.#schedule());
      },
      delay ?? (this.#isRotating ? rotation : report),
    );
    this.#timer.unref();
  }

  async #work(): Promise<void> {
    try {
      await this.#report();
      if (this.#isRotating && this.#leadership.leads) {
        await this.#advance();
      }
    } catch (error) {
      this.#options.logger.error("the master keys could not be looked after; tried again", { error: String(error) });
    }
  }

  /** Tells which keys this service has, and takes over which of them are in use now. */
  async #report(): Promise<void> {
    const { store, service, masterKey } = this.#options;
    const asked = performance.now();
    const report = async () => {
      const { readable, current } = this.#sealer.keys;
      return store.write.reportSealing({ service, readableKeys: [...readable.keys()], sealingKey: current.id });
    };
    let known = await report();
    const { readable, current } = this.#sealer.keys;
    const live = known.filter(({ state }) => state !== "retired").map(({ keyId }) => keyId);
    const read = live.every((keyId) => readable.has(keyId)) ? [...readable.values()] : await this.#readSource();
    const keys = sealingKeysOf(known, read, masterKey.source);
    this.#sealer.use(keys);
    if (keys.current.id !== current.id || keys.readable.size !== readable.size) {
      known = await report();
    }
    this.#known = known;
    this.#reportedAt = asked;
  }

  async #readSource(): Promise<MasterKey[]> {
    const { source } = this.#options.masterKey;
    const text = await source.read();
    const read = text === null ? [] : parseMasterKeys(text, source.shown);
    // What was read before stays: a source that fails or lacks a line for a moment takes no key away from a running service.
    const all = new Map([...this.#sealer.keys.readable.values(), ...read].map((key) => [key.id, key]));
    return [...all.values()];
  }

  #waitingFor(services: readonly SealingService[]): string[] {
    const next = this.#known.find(({ state }) => state === "next")?.keyId;
    const current = this.#known.find(({ state }) => state === "current")?.keyId;
    return services
      .filter(({ readableKeys, sealingKey }) =>
        next === undefined ? sealingKey !== current : !readableKeys.includes(next),
      )
      .map(({ service }) => service);
  }

  async #advance(): Promise<void> {
    const { store, logger } = this.#options;
    if (this.#waitingFor(await store.read.sealingServices({ seenWithin })).length > 0) {
      return;
    }
    const next = this.#known.find(({ state }) => state === "next");
    if (next !== undefined) {
      if (await store.write.useMasterKey({ keyId: next.keyId })) {
        logger.info("the master key was replaced; values are being sealed by the new one", { keyId: next.keyId });
      }
      await this.#report();
      return;
    }
    const retiring = this.#known.find(({ state }) => state === "retiring");
    if (retiring === undefined || (await this.#rewrapAll()) > 0) {
      // Whatever was sealed by the former key while this went on is found by the next pass.
      return;
    }
    if (!this.#stopped && (await store.write.retireMasterKey({ keyId: retiring.keyId }))) {
      logger.info("the former master key is retired", { keyId: retiring.keyId });
    }
    await this.#report();
  }

  /** Brings all values under the current key; says how many were not. */
  async #rewrapAll(): Promise<number> {
    let found = 0;
    for (const sealedColumn of this.#columns) {
      const { table, column } = sealedColumn;
      let after: string | null = null;
      do {
        const { rows, next } = await sealedColumn.page(after);
        const rewrapped = rows.flatMap((row) => {
          const { rowId, version, sealed: former } = row;
          const sealed = this.#rewrapOne({ table, column: row.column ?? column, rowId, version }, former);
          return sealed === null ? [] : [{ ...row, sealed, former }];
        });
        if (rewrapped.length > 0) {
          await sealedColumn.rewrap(rewrapped);
          found += rewrapped.length;
        }
        after = next;
        if (this.#options.store.isShared) {
          await this.#report();
        }
      } while (after !== null && !this.#stopped);
    }
    return this.#stopped ? 1 : found;
  }

  /** Null when there is nothing to do; an altered value cannot be opened by any key, and keeps no rotation from its end. */
  #rewrapOne(place: SealedPlace, sealed: Uint8Array): Uint8Array | null {
    try {
      return this.#sealer.rewrap(sealed, place);
    } catch (error) {
      if (error instanceof UserError && error.code === "sealed-value-altered") {
        this.#options.logger.error("a secret is passed over by the rotation of the master key", {
          error: error.message,
        });
        return null;
      }
      throw error;
    }
  }
}
