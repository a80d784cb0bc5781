import { openSqliteStore } from "./sqlite/open-sqlite-store.ts";
import type { Store } from "./store.ts";

/** Where the store is, and how it behaves. */
export interface StoreOptions {
  /** Folder of the embedded database; made (0700) when it is not there. */
  dataDirectory: string;
  /** Folder of the numbered migrations; the ones that belong to this program when left out. */
  migrationsDirectory?: string;
}

/**
 * Opens the database, after bringing its schema up to date.
 * @throws UserError when the folder cannot be used, another server has it open, or the database is not one of ours,
 * damaged, changed, or newer than this program.
 */
export function openStore(options: StoreOptions): Promise<Store> {
  return openSqliteStore(options);
}
