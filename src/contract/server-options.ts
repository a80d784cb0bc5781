import type { Grant } from "./grant.ts";
import type { LogFormat, LogLevel } from "./logger.ts";

/** How a server is to run, as the command line tells the service's process. Nothing reads the environment later. */
export interface ServerOptions {
  /** Folder of the embedded database and of the administrator's token; made (0700) when it is not there. */
  dataDirectory: string;
  /** File that holds the URL of a database on SQL Server; see `databaseUrl` in src/web for where it may come from else. */
  databaseFile?: string;
  /** File with the master key that secrets are sealed by; see `masterKeyOptions` in src/web for where it may come from else. */
  masterKeyFile?: string;
  /** Command that prints the master key. */
  masterKeyCommand?: string;
  /** Folder of the master keys that Runsmith makes; `/etc/runsmith/keys` as root, else in the account's configuration, when left out. */
  masterKeyDirectory?: string;
  /** Folder of the commands and files that vaults may name, in `commands` and `files`; without it there are none. */
  vaultDirectory?: string;
  /** 9090 when left out, as SMA's; 0 takes any free one. */
  port?: number;
  /** Address to listen on; loopback (`127.0.0.1`) when left out. Elsewhere only with TLS or behind a proxy. */
  listen?: string;
  /** PEM files of the certificate chain and its key; both or none. */
  tlsCertificateFile?: string;
  tlsKeyFile?: string;
  /** `self-signed`: a certificate made at the first start and kept in the data folder. */
  tls?: "self-signed";
  /** Networks of proxies (CIDR), from which alone plain HTTP and forwarded headers are accepted on a public address. */
  behindProxy?: readonly string[];
  log?: { format?: LogFormat; level?: LogLevel };
  retention?: RetentionOptions;
  /** Requests that one principal may send within a minute; null for any number. 120,000 when left out. */
  requestLimit?: number | null;
  /** Days for which the audit is kept; null for ever. `defaultAuditDays` when left out. */
  auditDays?: number | null;
  /** A listener of its own for `/metrics`, without a token; loopback when `listen` is left out. */
  metrics?: { port: number; listen?: string };
  /** Accepting jobs stops when less than this is free on the disk of the embedded database, in bytes. */
  lowDiskWatermark?: number;
  /** Milliseconds of a worker's lease; what suits the database when left out. */
  leaseDuration?: number;
  /** Milliseconds of the leases of single worker groups. */
  leaseDurations?: Readonly<Record<string, number>>;
  /** File with the providers by which users may sign in (YAML or JSON). */
  signInProvidersFile?: string;
  /** How long sessions of the portal last, in milliseconds: without any request, and whatever is done. */
  sessions?: { idle?: number; longest?: number; rotation?: number };
  /** What a newly imported runbook is granted before anybody grants it something; nothing when left out. */
  defaultGrants?: readonly Grant[];
  /** File with how mail is sent (YAML or JSON); without it no notice goes by mail. */
  mailSettingsFile?: string;
  /** Folder of the secrets that notice rules name, a file each. */
  noticeSecretsDirectory?: string;
  /** Where commands of this machine look for running servers; `$XDG_RUNTIME_DIR`, or `/run`, when left out. */
  runtimeDirectory?: string;
}

/** What is kept of jobs that have ended. */
export interface RetentionOptions {
  /** Days; null keeps them for ever. */
  jobDays?: number | null;
  /** The newest of them; null keeps any number. */
  maximumJobs?: number | null;
  /** Milliseconds between two purges of what is kept no longer. */
  purgeInterval?: number;
}

/** A year, and a month in which to look back at it. */
export const defaultAuditDays = 400;

export const defaultPort = 9090;
export const defaultListenAddress = "127.0.0.1";
