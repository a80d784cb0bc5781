import { isIP } from "node:net";
import type sql from "mssql";
import { UserError } from "../../contract/user-error.ts";

/** Where the database is, and how to get there. */
export interface DatabaseAddress {
  /** For the driver; holds the password. */
  config: sql.config;
  /** For people: `host:port/database`, never more. */
  shown: string;
  password: string;
}

const defaultPort = 1433;
const defaultPoolSize = 20;
const largestPool = 1000;

/** Milliseconds until a connection that cannot be made is given up, … */
const connectTimeout = 5_000;

/** … and until a statement is cancelled. The procedure ReclaimExpired goes by it: its slack is longer. */
const requestTimeout = 15_000;

const optionNames = ["encrypt", "trustServerCertificate", "serverName", "multiSubnetFailover", "poolSize"] as const;
const example = "mssql://runsmith:password@sql.example.net:1433/runsmith";

/**
 * Reads `mssql://user:password@host:port/database?encrypt=…&trustServerCertificate=…`. Options: `encrypt` (true, the default, false,
 * or strict for TDS 8), `trustServerCertificate` (false), `serverName` (the name in the server's certificate, when it is not the
 * host's), `multiSubnetFailover` (false), `poolSize` (connections at most, 20).
 * @throws UserError `invalid-database-url`, which never quotes the URL.
 */
export function readDatabaseUrl(text: string): DatabaseAddress {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw invalid(
      "It is no URL. In the user's name and the password, characters such as @ : / ? # % must be percent-encoded.",
    );
  }
  if (url.protocol !== "mssql:") {
    throw invalid(`It begins with ${url.protocol} instead of mssql:.`);
  }
  const user = decoded(url.username, "The user's name");
  const password = decoded(url.password, "The password");
  const database = decoded(url.pathname.replace(/^\//, ""), "The database's name");
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "" || user === "" || password === "" || database === "") {
    const missing = Object.entries({
      "the host": host,
      "the user": user,
      "the password": password,
      "the database": database,
    });
    throw invalid(
      `It lacks ${missing
        .filter(([, value]) => value === "")
        .map(([name]) => name)
        .join(" and ")}.`,
    );
  }
  if (url.hash !== "") {
    throw invalid("A # in it must be written %23.");
  }
  const port = url.port === "" ? defaultPort : Number(url.port);
  const options = readOptions(url.searchParams, host);
  return {
    password,
    shown: `${url.hostname}:${port}/${database}`,
    config: {
      server: host,
      port,
      user,
      password,
      database,
      connectionTimeout: connectTimeout,
      requestTimeout,
      // Looks at the connection's state; asking the server would double the round trips.
      validateConnection: "socket",
      pool: { min: 0, max: options.poolSize, idleTimeoutMillis: 60_000, acquireTimeoutMillis: 10_000 },
      options: {
        appName: "Runsmith",
        encrypt: options.encrypt,
        trustServerCertificate: options.trustServerCertificate,
        multiSubnetFailover: options.multiSubnetFailover,
        ...(options.serverName === undefined ? {} : { serverName: options.serverName }),
        // Repeating is ours: only we know what is safe to repeat.
        maxRetriesOnTransientErrors: 0,
        useUTC: true,
      },
    },
  };
}

interface Options {
  encrypt: boolean | "strict";
  trustServerCertificate: boolean;
  multiSubnetFailover: boolean;
  serverName: string | undefined;
  poolSize: number;
}

function readOptions(parameters: URLSearchParams, host: string): Options {
  for (const name of parameters.keys()) {
    if (!(optionNames as readonly string[]).includes(name)) {
      throw invalid(`There is no option ${name}; there are ${optionNames.join(", ")}.`);
    }
  }
  const encrypt = parameters.get("encrypt") === "strict" ? "strict" : flag(parameters, "encrypt", true);
  const trustServerCertificate = flag(parameters, "trustServerCertificate", false);
  let serverName = parameters.get("serverName") ?? undefined;
  if (encrypt !== false && serverName === undefined && isIP(host) !== 0) {
    if (!trustServerCertificate) {
      throw invalid("A certificate names hosts, so with an address for a host the option serverName must say which.");
    }
    // TLS wants a name; nobody compares it with the certificate.
    serverName = "localhost";
  }
  const poolSize = Number(parameters.get("poolSize") ?? defaultPoolSize);
  if (!Number.isInteger(poolSize) || poolSize < 2 || poolSize > largestPool) {
    throw invalid(`poolSize is a whole number from 2 to ${largestPool}.`);
  }
  return {
    encrypt,
    trustServerCertificate,
    multiSubnetFailover: flag(parameters, "multiSubnetFailover", false),
    serverName,
    poolSize,
  };
}

function flag(parameters: URLSearchParams, name: string, otherwise: boolean): boolean {
  const value = parameters.get(name);
  if (value === null) {
    return otherwise;
  }
  if (value !== "true" && value !== "false") {
    throw invalid(`${name} is true or false.`);
  }
  return value === "true";
}

function decoded(part: string, what: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(`${what} has a % that is no percent-encoding; write %25 for it.`);
  }
}

function invalid(reason: string): UserError {
  return new UserError("invalid-database-url", `The database's URL cannot be used. ${reason}`, {
    status: 500,
    remedy: `Write it like ${example}?encrypt=true&trustServerCertificate=false`,
  });
}
