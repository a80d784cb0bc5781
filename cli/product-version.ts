import { existsSync, readFileSync } from "node:fs";

/** Runsmith's version, such as `0.1.0`, from the nearest `package.json` above: sources and package lie differently deep. */
export function productVersion(): string {
  for (let folder = new URL("./", import.meta.url), up = 0; up < 4; folder = new URL("../", folder), up++) {
    const file = new URL("package.json", folder);
    if (!existsSync(file)) continue;
    const { version }: { version?: string } = JSON.parse(readFileSync(file, "utf8"));
    return version ?? "unknown";
  }
  return "unknown";
}
