import { join } from "node:path";

/** Names of what the store keeps in the data directory. */
export const dataFiles = {
  database: "runsmith.sqlite",
  /** Copies of the database, made before its schema is changed. */
  backups: "backups",
} as const;

/** The path of one of them. */
export function dataFile(dataDirectory: string, name: keyof typeof dataFiles): string {
  return join(dataDirectory, dataFiles[name]);
}
