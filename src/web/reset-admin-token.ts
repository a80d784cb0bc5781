import { existsSync } from "node:fs";
import { AccessFeature } from "../access/access-feature.ts";
import { auditKey } from "../access/audit/audit-seals.ts";
import type { ServerOptions } from "../contract/server-options.ts";
import { UserError } from "../contract/user-error.ts";
import { actAs, serviceItself } from "../store/actor.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import type { StoreOptions } from "../store/store-options.ts";
import { writeAdminTokenFile } from "./admin-token-file.ts";
import { takeDatabaseUrl } from "./database-url.ts";
import { askForAdminToken } from "./local-control.ts";
import { silentLog } from "./logging.ts";
import { openSealing } from "./open-sealing.ts";
import { newServiceName } from "./service-name.ts";

/**
 * Makes a new token for the administrator, ends the former ones, and writes it to `<data>/admin.token`.
 * Works on the server's machine only: by the running server's local socket, or on the data itself when none runs.
 * @throws UserError `no-data-directory`, `server-does-not-answer`, and whatever opening the store throws
 */
export async function resetAdminToken({
  dataDirectory,
  databaseFile,
}: Pick<ServerOptions, "dataDirectory" | "databaseFile">): Promise<string> {
  if (!existsSync(dataDirectory)) {
    throw new UserError("no-data-directory", `There is no data folder ${dataDirectory}.`, {
      status: 404,
      remedy: "Name the server's data folder with --data, on the server's machine.",
    });
  }
  try {
    const { url } = await takeDatabaseUrl(databaseFile === undefined ? {} : { databaseFile });
    return await resetInStore({ dataDirectory, ...(url !== undefined && { databaseUrl: url }) });
  } catch (error) {
    if (error instanceof UserError && error.code === "data-directory-in-use") {
      return askForAdminToken(dataDirectory);
    }
    throw error;
  }
}

async function resetInStore(options: StoreOptions): Promise<string> {
  const store = await openStore(options);
  try {
    await stampAudit(store, options);
    const access = new AccessFeature(store);
    try {
      const offline = { ...serviceItself, address: "the server's machine" };
      const token = await actAs(offline, () => access.resetAdministratorToken());
      await writeAdminTokenFile(options.dataDirectory, token);
      return token;
    } finally {
      await access.close();
    }
  } finally {
    await store.close();
  }
}

/** What is written now is stamped like all of the audit, where the master key is found; where not, its verification says so. */
async function stampAudit(store: Store, options: StoreOptions): Promise<void> {
  if ((await store.read.masterKeys()).length === 0) {
    return;
  }
  try {
    const { sealing } = await openSealing({ store, options, service: newServiceName(), log: silentLog });
    store.stampAudit(auditKey(sealing.deriveKey("audit")));
    await sealing.stop();
  } catch (error) {
    if (!(error instanceof UserError)) {
      throw error;
    }
  }
}
