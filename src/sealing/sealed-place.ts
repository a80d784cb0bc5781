/** Where a sealed value is: what it is bound to, so that it opens nowhere else, and never in place of a newer one. */
export interface SealedPlace {
  table: string;
  column: string;
  /** The row's id, canonical text. */
  rowId: string;
  /** Grows with each new value in that place. */
  version: number;
}

/** The associated data of a value in that place of that installation: no two places give the same. */
export function associatedData(installationId: string, { table, column, rowId, version }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(["runsmith", installationId, table, column, rowId.toLowerCase(), version]));
}
