import { openSqliteStore } from "./sqlite/open-sqlite-store.ts";
import type { Store } from "./store.ts";
import type { StoreOptions } from "./store-options.ts";

/**
 * Opens the database, after bringing its schema up to date.
 * @throws UserError when the folder cannot be used, another server has it open, or the database is not one of ours,
 * damaged, changed, or newer than this program.
 */
export function openStore(options: StoreOptions): Promise<Store> {
  return openSqliteStore(options);
}
