import { chmod, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the administrator's token is kept for commands on the server's machine. */
export function adminTokenFile(dataDirectory: string): string {
  return join(dataDirectory, "admin.token");
}

/** Writes the token whole or not at all, readable by the server's account only. */
export async function writeAdminTokenFile(dataDirectory: string, token: string): Promise<void> {
  const file = adminTokenFile(dataDirectory);
  const next = `${file}.new`;
  await writeFile(next, `${token}\n`, { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, file);
}
