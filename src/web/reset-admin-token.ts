import { existsSync } from "node:fs";
import { AccessFeature } from "../access/access-feature.ts";
import { UserError } from "../contract/user-error.ts";
import { openStore } from "../store/open-store.ts";
import { writeAdminTokenFile } from "./admin-token-file.ts";
import { askForAdminToken } from "./local-control.ts";

/**
 * Makes a new token for the administrator, ends the former ones, and writes it to `<data>/admin.token`.
 * Works on the server's machine only: by the running server's local socket, or on the data itself when none runs.
 * @throws UserError `no-data-directory`, `server-does-not-answer`, and whatever opening the store throws
 */
export async function resetAdminToken(dataDirectory: string): Promise<string> {
  if (!existsSync(dataDirectory)) {
    throw new UserError("no-data-directory", `There is no data folder ${dataDirectory}.`, {
      status: 404,
      remedy: "Name the server's data folder with --data, on the server's machine.",
    });
  }
  try {
    return await resetInStore(dataDirectory);
  } catch (error) {
    if (error instanceof UserError && error.code === "data-directory-in-use") {
      return askForAdminToken(dataDirectory);
    }
    throw error;
  }
}

async function resetInStore(dataDirectory: string): Promise<string> {
  const store = await openStore({ dataDirectory });
  try {
    const access = new AccessFeature(store);
    try {
      const token = await access.resetAdministratorToken();
      await writeAdminTokenFile(dataDirectory, token);
      return token;
    } finally {
      await access.close();
    }
  } finally {
    await store.close();
  }
}
