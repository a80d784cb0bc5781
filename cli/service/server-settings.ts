import { resolve } from "node:path";
import type { LogFormat, LogLevel } from "../../src/contract/logger.ts";
import { logFormats, logLevels } from "../../src/contract/logger.ts";
import type { ServerOptions } from "../../src/contract/server-options.ts";
import { defaultListenAddress, defaultPort } from "../../src/contract/server-options.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { parseGrants } from "../../src/language/needs.ts";
import type { CommandOption, Invocation } from "../command.ts";
import { parseDuration, parseSize } from "../output/quantities.ts";

/** Of every command that opens the database. */
export const databaseFileOption: CommandOption = {
  flags: "--database-file <file>",
  help: "file with the URL of a database on SQL Server, instead of the embedded one; else RUNSMITH_DATABASE, or the systemd credential database",
};

/** What `databaseFileOption` says. */
export function databaseFileOf(invocation: Invocation): { databaseFile?: string } {
  const file = invocation.text("database-file");
  return file === undefined ? {} : { databaseFile: resolve(file) };
}

/** Where the master key is, which secrets are sealed by. */
const masterKeyOptions: readonly CommandOption[] = [
  {
    flags: "--master-key-file <file>",
    help: "file with the key that secrets are sealed by; else RUNSMITH_MASTER_KEY, or the systemd credential master-key",
  },
  { flags: "--master-key-command <command>", help: "command that prints that key" },
  {
    flags: "--master-key-folder <folder>",
    help: "where that key is made at the first start when none is given; /etc/runsmith/keys, or ~/.config/runsmith/keys",
  },
];

/** The options of `start` and `server`. */
export const serverOptions: readonly CommandOption[] = [
  { flags: "--port <port>", help: "port to listen on; 0 takes any free one", default: String(defaultPort) },
  {
    flags: "--listen <address>",
    help: "address to listen on; other than loopback needs TLS or --behind-proxy",
    default: defaultListenAddress,
  },
  { flags: "--data <folder>", help: "folder of the database and the administrator's token", default: "./data" },
  databaseFileOption,
  ...masterKeyOptions,
  { flags: "--tls-cert <file>", help: "PEM file of the certificate chain" },
  { flags: "--tls-key <file>", help: "PEM file of the certificate's key" },
  { flags: "--tls <how>", help: "make a certificate at the first start", choices: ["self-signed"] },
  { flags: "--behind-proxy <networks>", help: "networks (CIDR, comma-separated) of the proxies that add TLS" },
  { flags: "--log-format <format>", help: "how log lines are written", choices: logFormats },
  { flags: "--log-level <level>", help: "what is logged", choices: logLevels },
  { flags: "--job-days <days>", help: "how long ended jobs are kept; or none, for ever" },
  { flags: "--keep-jobs <number>", help: "how many ended jobs are kept at most; or none, without limit" },
  {
    flags: "--request-limit <number>",
    help: "requests that one principal may send within a minute; or none; 120000 when left out",
  },
  { flags: "--audit-days <days>", help: "how long the audit is kept; or none, for ever; 400 when left out" },
  { flags: "--purge-every <duration>", help: "how often jobs that are kept no longer are purged; 1m when left out" },
  { flags: "--metrics-port <port>", help: "a listener of its own for /metrics, without a token" },
  { flags: "--metrics-listen <address>", help: "its address; loopback when left out" },
  { flags: "--low-disk <size>", help: "accept no jobs when less is free on the data folder's disk" },
  {
    flags: "--lease <duration>",
    help: "how long a silent worker keeps its jobs; GROUP=DURATION for a worker group",
    many: true,
  },
  {
    flags: "--sign-in-providers <file>",
    help: "providers of OpenID Connect by which users may sign in (YAML or JSON)",
  },
  {
    flags: "--session-idle <duration>",
    help: "after how long without use a session of the portal ends; 1h when left out",
  },
  { flags: "--session-limit <duration>", help: "after how long it ends whatever is done; 12h when left out" },
  {
    flags: "--default-grant <grants>",
    help: "what a newly imported runbook is granted, such as network; nothing by default",
    many: true,
  },
  {
    flags: "--mail-settings <file>",
    help: "how notices are sent by mail (YAML or JSON); RUNSMITH_MAIL_SETTINGS when left out",
  },
  {
    flags: "--vault-folder <folder>",
    help: "folder with the commands and files that vaults may name, in its folders commands and files",
  },
  { flags: "--notice-secrets <folder>", help: "folder of the secrets that notice rules name, a file each" },
];

/** Reads the options of `start` and `server`. Throws `UserError` for values that make no sense. */
export function serverSettings(invocation: Invocation): ServerOptions {
  const settings: ServerOptions = {
    dataDirectory: resolve(invocation.text("data") ?? "./data"),
    ...databaseFileOf(invocation),
    port: wholeNumber(invocation, "port", 65_535) ?? defaultPort,
    listen: invocation.text("listen") ?? defaultListenAddress,
  };
  const masterKeyFile = invocation.text("master-key-file");
  const masterKeyCommand = invocation.text("master-key-command");
  const masterKeyFolder = invocation.text("master-key-folder");
  if (masterKeyFile !== undefined) settings.masterKeyFile = resolve(masterKeyFile);
  if (masterKeyCommand !== undefined) settings.masterKeyCommand = masterKeyCommand;
  if (masterKeyFolder !== undefined) settings.masterKeyDirectory = resolve(masterKeyFolder);
  const certificate = invocation.text("tls-cert");
  const key = invocation.text("tls-key");
  if (certificate !== undefined) settings.tlsCertificateFile = resolve(certificate);
  if (key !== undefined) settings.tlsKeyFile = resolve(key);
  if (invocation.text("tls") === "self-signed") settings.tls = "self-signed";
  const networks = invocation.text("behind-proxy");
  if (networks !== undefined) settings.behindProxy = networks.split(",").map((network) => network.trim());
  const format = invocation.text("log-format") as LogFormat | undefined;
  const level = invocation.text("log-level") as LogLevel | undefined;
  settings.log = { ...(format === undefined ? {} : { format }), ...(level === undefined ? {} : { level }) };
  const jobDays = numberOrNone(invocation, "job-days", 36_500);
  const maximumJobs = numberOrNone(invocation, "keep-jobs", 1_000_000_000);
  const purgeEvery = invocation.text("purge-every");
  const requestLimit = numberOrNone(invocation, "request-limit", 1_000_000_000);
  if (requestLimit !== undefined) settings.requestLimit = requestLimit;
  const auditDays = numberOrNone(invocation, "audit-days", 36_500);
  if (auditDays !== undefined) settings.auditDays = auditDays;
  settings.retention = {
    ...(jobDays === undefined ? {} : { jobDays }),
    ...(maximumJobs === undefined ? {} : { maximumJobs }),
    ...(purgeEvery === undefined ? {} : { purgeInterval: parseDuration(purgeEvery) }),
  };
  const metricsPort = wholeNumber(invocation, "metrics-port", 65_535);
  const metricsListen = invocation.text("metrics-listen");
  if (metricsPort !== undefined) {
    settings.metrics = { port: metricsPort, ...(metricsListen === undefined ? {} : { listen: metricsListen }) };
  }
  const watermark = invocation.text("low-disk");
  if (watermark !== undefined) settings.lowDiskWatermark = parseSize(watermark);
  for (const lease of invocation.list("lease")) {
    const [, group, duration] = /^(?:([^=]+)=)?(.*)$/s.exec(lease) ?? [];
    const milliseconds = parseDuration(duration ?? "");
    if (group === undefined) settings.leaseDuration = milliseconds;
    else settings.leaseDurations = { ...settings.leaseDurations, [group]: milliseconds };
  }
  const providers = invocation.text("sign-in-providers");
  if (providers !== undefined) settings.signInProvidersFile = resolve(providers);
  const idle = invocation.text("session-idle");
  const longest = invocation.text("session-limit");
  if (idle !== undefined || longest !== undefined) {
    settings.sessions = {
      ...(idle === undefined ? {} : { idle: parseDuration(idle) }),
      ...(longest === undefined ? {} : { longest: parseDuration(longest) }),
    };
  }
  const mailSettings = invocation.text("mail-settings") ?? process.env["RUNSMITH_MAIL_SETTINGS"];
  if (mailSettings !== undefined && mailSettings !== "") settings.mailSettingsFile = resolve(mailSettings);
  const vaultFolder = invocation.text("vault-folder");
  if (vaultFolder !== undefined) settings.vaultDirectory = resolve(vaultFolder);
  const noticeSecrets = invocation.text("notice-secrets");
  if (noticeSecrets !== undefined) settings.noticeSecretsDirectory = resolve(noticeSecrets);
  const grants = invocation.list("default-grant");
  if (grants.length > 0) settings.defaultGrants = parseGrants(grants.join(" "));
  return settings;
}

/** Null for `none`. */
function numberOrNone(invocation: Invocation, option: string, most: number): number | null | undefined {
  return invocation.text(option) === "none" ? null : wholeNumber(invocation, option, most);
}

function wholeNumber(invocation: Invocation, option: string, most: number): number | undefined {
  const text = invocation.text(option);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) <= most) return Number(text);
  throw new UserError("invalid-number", `--${option} takes a whole number from 0 to ${most}, not "${text}".`);
}
