/** What `doctor` found about one thing. */
export interface Finding {
  check: string;
  /** `failed` prevents Runsmith from running; `note` is worth knowing. */
  state: "ok" | "note" | "failed";
  detail: string;
  /** What to do, when something is to be done. */
  remedy?: string;
}

/** What the checks are told about the installation they look at. */
export interface DoctorSettings {
  /** Absolute path. */
  dataDirectory: string;
  /** Absolute path of the file with the URL of a database on SQL Server, where one was named. */
  databaseFile?: string;
  port: number;
}

/** Looks at one thing. Never throws: what it cannot find out is a finding too. */
export type Check = (settings: DoctorSettings) => Promise<Finding>;
