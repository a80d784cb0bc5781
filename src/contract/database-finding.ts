/** What was found of a database that a server is to use, without changing anything. */
export interface DatabaseFinding {
  /** `failed` prevents a server from using it; `note` is worth knowing. */
  state: "ok" | "note" | "failed";
  detail: string;
  /** What to do, when something is to be done. */
  remedy?: string;
}
