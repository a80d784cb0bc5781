import { readFileSync } from "node:fs";

/** Runsmith's version, such as `0.1.0`. */
export function productVersion(): string {
  const file: { version?: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return file.version ?? "unknown";
}
