/** Where the store is, and how it behaves. */
export interface StoreOptions {
  /** Folder of the embedded database; made (0700) when it is not there. */
  dataDirectory: string;
  /** Folder of the numbered migrations; the ones that belong to this program when left out. */
  migrationsDirectory?: string;
}
