/** Where the store is, and how it behaves. */
export interface StoreOptions {
  /** Folder of the embedded database; made (0700) when it is not there. */
  dataDirectory: string;
  /** URL of a database on SQL Server, instead of the embedded one; see `readDatabaseUrl` for its form. Holds a password. */
  databaseUrl?: string;
  /** Folder of the numbered migrations; the ones that belong to this program when left out. */
  migrationsDirectory?: string;
  /** Told what an administrator should know of the database while it is being opened, and later. */
  report?: (report: StoreReport) => void;
}

/** Something about the database for the log. */
export interface StoreReport {
  level: "info" | "warn";
  message: string;
  detail: string;
}
