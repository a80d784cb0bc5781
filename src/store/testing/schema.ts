/* For tests only: what both databases must have in common, in terms of neither. */

export interface SchemaColumn {
  /** What its values are, as operations see them. */
  type: "id or bytes" | "text" | "number" | "time";
  nullable: boolean;
  /** Whether two texts that differ in case only are the same here. */
  ignoresCase: boolean;
  /** What it is when nothing is said, `'text'` or a number; null when something has to be said. */
  initial: string | null;
}

export interface SchemaTable {
  columns: Record<string, SchemaColumn>;
  /** Columns that are unique together, each joined by a comma, in their order: the primary key and all others. */
  uniqueKeys: string[];
  /** `column → table cascade|restrict`. */
  references: string[];
}

export type Schema = Record<string, SchemaTable>;

/** Times have names of their own in both schemas: `…_at`, `…_since`, and the `time` of a record. */
export function isTimeColumn(column: string): boolean {
  return /(_at|_since)$/.test(column) || column === "time";
}
