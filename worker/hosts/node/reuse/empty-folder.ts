const { lstatSync, readdirSync, rmdirSync, unlinkSync, chmodSync } = process.getBuiltinModule("node:fs");
const { join } = process.getBuiltinModule("node:path");

/**
 * Removes all that is in a folder, never leaving its file system: what is mounted below it is not the folder's own.
 *
 * @returns whether it is empty now
 */
export function emptyFolder(folder: string): boolean {
  const entries = readdirSync(folder);
  if (entries.length === 0) return true;
  const { dev } = lstatSync(folder);
  for (const entry of entries) if (!remove(join(folder, entry), dev)) return false;
  return true;
}

function remove(path: string, device: number): boolean {
  try {
    const status = lstatSync(path);
    if (status.dev !== device) return false;
    if (!status.isDirectory()) {
      unlinkSync(path);
      return true;
    }
    // A script may have closed its own folders.
    chmodSync(path, 0o700);
    for (const entry of readdirSync(path)) if (!remove(join(path, entry), device)) return false;
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
