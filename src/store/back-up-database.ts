export type { Backup, BackupOptions } from "./sqlite/back-up-database.ts";
/** Only the embedded database: SQL Server has backups of its own. */
export { backUpDatabase } from "./sqlite/back-up-database.ts";
