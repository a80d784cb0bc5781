import { join } from "node:path";
import { silentLogger } from "../contract/logger.ts";
import type { Leadership } from "../services/duty-leader.ts";
import { soleLeader } from "../services/duty-leader.ts";
import type { Store } from "../store/store.ts";
import { fileKeySource } from "./key-source.ts";
import type { SealedColumn } from "./sealed-columns.ts";
import { Sealing } from "./sealing.ts";

/* For tests only. */

/** The file of the master key of a store in that folder. */
export function keyFileOf(store: Pick<Store, "installationId">, folder: string): string {
  return join(folder, `${store.installationId}.key`);
}

/** A sealing over a store, with a key file in that folder, which is made when it is not there; not at work yet. */
export function openTestSealing(
  store: Pick<Store, "read" | "write" | "installationId" | "isShared">,
  folder: string,
  service = "one",
): Promise<Sealing> {
  const file = keyFileOf(store, folder);
  return Sealing.open({
    store,
    service,
    masterKey: { source: fileKeySource(file), makeAt: file },
    logger: silentLogger,
    intervals: { report: 20, rotation: 5, grace: 0 },
  });
}

/** The same, at work. */
export async function startTestSealing(
  store: Pick<Store, "read" | "write" | "installationId" | "isShared">,
  folder: string,
  {
    service,
    leadership = soleLeader,
    columns = [],
  }: { service?: string; leadership?: Leadership; columns?: SealedColumn[] } = {},
): Promise<Sealing> {
  const sealing = await openTestSealing(store, folder, service);
  for (const column of columns) {
    sealing.addColumn(column);
  }
  sealing.start(leadership);
  return sealing;
}
