/** What a first start made, and tells whoever starts the server this once. */
export interface FirstStart {
  /** The administrator's token, or null. Also in `adminTokenFile`. */
  newAdminToken: string | null;
  adminTokenFile: string;
  /** The file with a master key that was made just now, or null. */
  madeMasterKeyAt: string | null;
}

/** A server that is ready, as the service hands it to the command that started it. */
export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:9090`, without a slash at the end. */
  url: string;
  /** Where `/metrics` is served without a token, or null. */
  metricsUrl: string | null;
  /** The administrator's token, at the first start only. */
  newAdminToken: string | null;
  adminTokenFile: string;
  /** The file that holds the master key; null where it comes from elsewhere. */
  masterKeyFile: string | null;
  /** The certificate to trust where it is self-signed, else null. */
  caFile: string | null;
  /**
   * A token for the worker that runs beside the server on this machine; the one of an earlier start ends.
   * @param group name of the worker group
   */
  localWorkerToken(group: string): Promise<string>;
  /** Ends in order: no new requests, leases extended, event streams ended, store closed. Repeating it is harmless. */
  close(): Promise<void>;
  /** Resolves when the server cannot go on, with the reason. Never rejects. */
  failure: Promise<Error>;
}

/** What a ready server writes for the commands of its machine: `<pid>.json` in `runsmith` of the runtime directory. */
export interface AnnouncedServer {
  url: string;
  /** File of the administrator's token, in the server's data folder. */
  tokenFile: string;
  pid: number;
  /** The certificate to trust, when it is self-signed. */
  caFile?: string;
}
