import { resolve } from "node:path";
import { defaultLeaseDuration } from "../../contract/session-limits.ts";
import { prepareDataDirectory } from "../data-directory.ts";
import { ownMigrationsDirectory } from "../migrations.ts";
import { operationCaller } from "../operation-caller.ts";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import type { ReadOperations, Store, WriteOperations } from "../store.ts";
import type { StoreOptions } from "../store-options.ts";
import { dataFile } from "./data-directory.ts";
import { ReaderThreads } from "./reader-threads.ts";
import { openWriter } from "./writer.ts";

/**
 * Opens the embedded database: prepares the folder, starts the thread that writes (it takes the lock and brings the schema up
 * to date) and one that reads.
 * @throws UserError; see `openStore`.
 */
export async function openSqliteStore(options: StoreOptions): Promise<Store> {
  const dataDirectory = resolve(options.dataDirectory);
  prepareDataDirectory(dataDirectory);
  const writer = await openWriter({
    dataDirectory,
    migrationsDirectory: options.migrationsDirectory ?? ownMigrationsDirectory("sqlite"),
  });
  const readers = new ReaderThreads(dataFile(dataDirectory, "database"));
  writer.onCheckpointDue(() => readers.checkpoint());

  const write = operationCaller<WriteOperations>((operation, argument) => writer.call(operation, argument));
  const read = operationCaller<ReadOperations>((operation, argument) => readers.call(operation, argument));
  let closed: Promise<void> | undefined;
  return {
    read,
    write,
    once: (key: IdempotencyKey) =>
      operationCaller<WriteOperations>((operation, argument) => writer.call(operation, argument, key)),
    installationId: writer.installationId,
    database: writer.database,
    isShared: false,
    keepsOrder: true,
    storageFolder: dataDirectory,
    usualLease: defaultLeaseDuration,
    stampAudit: (key) => writer.stampAudit(key),
    failure: writer.failure,
    statistics: () => ({ ...writer.statistics(), ...readers.statistics(), repeated: 0 }),
    close() {
      closed ??= readers.close().then(() => writer.close());
      return closed;
    },
  };
}
