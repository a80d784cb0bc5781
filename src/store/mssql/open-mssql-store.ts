import { currentActor } from "../actor.ts";
import { ownMigrationsDirectory, readMigrations } from "../migrations.ts";
import { operationCaller } from "../operation-caller.ts";
import type { DutyLeaseWrites } from "../operations/duty-leases.ts";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import type { WorkerWrites } from "../operations/workers.ts";
import type { ReadOperations, Store, WriteOperations } from "../store.ts";
import type { StoreOptions } from "../store-options.ts";
import { connect, explainOpening } from "./connect.ts";
import type { DatabaseAddress } from "./database-url.ts";
import { readDatabaseUrl } from "./database-url.ts";
import { examineDatabase } from "./examine-database.ts";
import { ensureInstallation } from "./installation.ts";
import { migrate } from "./migrate.ts";
import { readOperations, writeOperations, writeRules } from "./operations.ts";
import { poolSession } from "./pool-session.ts";
import { Repeating } from "./repeating.ts";
import { OperationRunner } from "./run-operation.ts";

/**
 * What keeps leases has connections that nothing else takes: where statements that wait for locks hold all the others, workers would
 * end their jobs, and all duties would stop.
 */
const leaseWrites: ReadonlySet<string> = new Set<keyof WorkerWrites | keyof DutyLeaseWrites>([
  "renewLeases",
  "takeDutyLease",
  "releaseDutyLease",
]);

/** One for the renewals of workers, one for whoever watches leases, one for the duties. */
const leaseConnections = 3;

/**
 * Opens a database on SQL Server: connects, brings the schema up to date (one service at a time), and carries out operations, each
 * over a connection of its own. A connection that is lost comes back by itself, so this store does not fail as a whole.
 * @throws UserError; see `openStore`.
 */
export async function openMssqlStore(
  options: Pick<StoreOptions, "report" | "migrationsDirectory"> & { databaseUrl: string },
): Promise<Store> {
  const address = readDatabaseUrl(options.databaseUrl);
  await using opened = new AsyncDisposableStack();
  const open = async (most?: number) => opened.adopt(await connect(address, most), (pool) => pool.close());
  const pool = await open();
  const leasePool = await open(leaseConnections);
  try {
    const store = await openOver(pool, leasePool, address, options);
    // From now on the store closes them.
    opened.move();
    return store;
  } catch (error) {
    throw explainOpening(error, address);
  }
}

type ConnectionPool = Awaited<ReturnType<typeof connect>>;

async function openOver(
  pool: ConnectionPool,
  leasePool: ConnectionPool,
  address: DatabaseAddress,
  options: Pick<StoreOptions, "report" | "migrationsDirectory">,
): Promise<Store> {
  const report = options.report ?? (() => {});
  const counters = { commits: 0, commitTime: 0 };
  const session = poolSession(pool, counters);
  const { version, durability, warnings } = await examineDatabase(session);
  for (const warning of warnings) {
    report({ level: "warn", message: "The database should be set up differently", detail: warning });
  }
  const repeating = new Repeating(({ state, reason }) =>
    report(
      state === "away"
        ? { level: "warn", message: "The database does not answer", detail: reason }
        : { level: "info", message: "The database is back", detail: reason },
    ),
  );
  const migrations = readMigrations(options.migrationsDirectory ?? ownMigrationsDirectory("mssql"));
  const progress = (detail: string) =>
    report({ level: "info", message: "The database's schema is being brought up to date", detail });
  const schema = await repeating.until(() => migrate(pool, migrations, progress));
  const { installationId } = await repeating.until(() => ensureInstallation(session));

  const operations = { reads: readOperations, writes: writeOperations, rules: writeRules };
  const runner = new OperationRunner(session, repeating, operations);
  const leaseRunner = new OperationRunner(poolSession(leasePool, counters), repeating, operations);
  const pending = new Pending();
  const write = (name: string, argument: unknown, once?: IdempotencyKey) =>
    pending.write(() => (leaseWrites.has(name) ? leaseRunner : runner).write(name, argument, once, currentActor()));
  let closed: Promise<void> | undefined;
  return {
    read: operationCaller<ReadOperations>((name, argument) => pending.read(() => runner.read(name, argument))),
    write: operationCaller<WriteOperations>((name, argument) => write(name, argument)),
    once: (key) => operationCaller<WriteOperations>((name, argument) => write(name, argument, key)),
    installationId,
    database: { kind: "sql-server", server: address.shown, version, schema, durability },
    isShared: true,
    keepsOrder: false,
    storageFolder: null,
    stampAudit: (key) => runner.stampAudit(key),
    // A failover takes some ten to twenty seconds.
    usualLease: 30_000,
    failure: new Promise(() => {}),
    statistics: () => ({
      ...pending.statistics(),
      ...counters,
      largestGroup: 1,
      logBytes: 0,
      repeated: repeating.repeated,
    }),
    close() {
      closed ??= pending.settled().then(async () => {
        await Promise.all([pool.close(), leasePool.close()]);
      });
      return closed;
    },
  };
}

/** What has been asked for, and what of it has not been answered yet. */
class Pending {
  readonly #open = new Set<Promise<unknown>>();
  #closing = false;
  #reads = 0;
  #writes = 0;
  #pendingReads = 0;
  #pendingWrites = 0;

  async read(work: () => Promise<unknown>): Promise<unknown> {
    this.#reads += 1;
    this.#pendingReads += 1;
    try {
      return await this.#follow(work);
    } finally {
      this.#pendingReads -= 1;
    }
  }

  async write(work: () => Promise<unknown>): Promise<unknown> {
    this.#writes += 1;
    this.#pendingWrites += 1;
    try {
      return await this.#follow(work);
    } finally {
      this.#pendingWrites -= 1;
    }
  }

  /** Waits for what is under way; what comes from now on is refused. */
  async settled(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#open);
  }

  statistics() {
    return {
      reads: this.#reads,
      writes: this.#writes,
      pendingReads: this.#pendingReads,
      pendingWrites: this.#pendingWrites,
    };
  }

  async #follow(work: () => Promise<unknown>): Promise<unknown> {
    if (this.#closing) {
      throw new Error("The store is closed.");
    }
    const result = work();
    this.#open.add(result);
    try {
      return await result;
    } finally {
      this.#open.delete(result);
    }
  }
}
