export type { MovedInstallation, MovedTable, MoveOptions } from "./move/move-installation.ts";
export { moveInstallation } from "./move/move-installation.ts";
export type { DatabaseLocation } from "./move/open-tables.ts";
export { readDatabaseLocation } from "./move/read-location.ts";
