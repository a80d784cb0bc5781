import sql from "mssql";
import { UserError } from "../../contract/user-error.ts";
import type { DatabaseAddress } from "./database-url.ts";
import { ConnectionLost, SqlError, toSqlError } from "./sql-errors.ts";

/**
 * Connects, and keeps connections from then on.
 * @param most connections at once; as many as the address says when left out
 * @throws UserError `database-unreachable`, `database-login-failed`, `database-missing`, `database-certificate`.
 */
export async function connect(address: DatabaseAddress, most?: number): Promise<sql.ConnectionPool> {
  const { config } = address;
  const pool = new sql.ConnectionPool(most === undefined ? config : { ...config, pool: { ...config.pool, max: most } });
  // Whoever asked for something is told what became of it; nobody else needs to hear of a lost connection.
  pool.on("error", () => {});
  try {
    await pool.connect();
    return pool;
  } catch (error) {
    throw await explained(error, address);
  }
}

async function explained(error: unknown, address: DatabaseAddress): Promise<UserError> {
  const { code } = error as sql.ConnectionError;
  const message = innermost(error as Error);
  if (code === "ELOGIN") {
    return (await canLogIn(address)) ? missing(address) : loginFailed(address, message);
  }
  if (/certificate|self.signed|tls|ssl|handshake/i.test(message)) {
    return new UserError(
      "database-certificate",
      `There is no secure connection to the database server ${address.shown}: ${message}.`,
      {
        status: 500,
        remedy:
          "Let the service trust the certificate's issuer (NODE_EXTRA_CA_CERTS=file.pem), name the host in it with serverName=…, or, " +
          "where nobody can listen in between, add trustServerCertificate=true to the database's URL.",
      },
    );
  }
  return new UserError("database-unreachable", `The database server ${address.shown} cannot be reached: ${message}.`, {
    status: 500,
    remedy:
      "Check host and port in the database's URL, that the server accepts TCP connections, and the firewalls between.",
  });
}

/** What the operating system said, where the driver only says that it did not work. */
function innermost(error: Error): string {
  const inner =
    (error as Partial<sql.MSSQLError>).originalError ??
    (error instanceof AggregateError ? (error.errors as unknown[])[0] : error.cause);
  return inner instanceof Error ? innermost(inner) : error.message;
}

/** A login with another database: what the server says of a missing one looks like a wrong password. */
async function canLogIn({ config }: DatabaseAddress): Promise<boolean> {
  const { database: _database, ...elsewhere } = config;
  const pool = new sql.ConnectionPool({ ...elsewhere, options: { ...config.options }, pool: { max: 1 } });
  pool.on("error", () => {});
  try {
    await pool.connect();
    await pool.close();
    return true;
  } catch {
    return false;
  }
}

function missing({ shown, config }: DatabaseAddress): UserError {
  return new UserError(
    "database-missing",
    `There is no database ${config.database} on the server (${shown}), or ${config.user} may not use it.`,
    {
      status: 500,
      remedy: `Make it with CREATE DATABASE [${config.database}], and give the login a user in it; the operating guide says which rights.`,
    },
  );
}

function loginFailed({ shown, config }: DatabaseAddress, message: string): UserError {
  return new UserError("database-login-failed", `${shown} refuses the login ${config.user}: ${message}`, {
    status: 500,
    remedy: "Check user and password in the database's URL (special characters must be percent-encoded).",
  });
}

/** Numbers of SQL Server's errors that speak of missing rights. */
const rightsErrors = new Set([229, 230, 262, 297, 300, 1088, 2760, 15247, 15517]);

/** An error while the database is being opened, explained where it went away, or where the login may not do something. */
export function explainOpening(error: unknown, address: DatabaseAddress): unknown {
  const known = toSqlError(error, false);
  if (known instanceof ConnectionLost) {
    return new UserError(
      "database-unreachable",
      `The connection to the database server ${address.shown} broke while the service was starting: ${known.message}`,
      { status: 500, remedy: "Start the service again when the database answers.", cause: known },
    );
  }
  if (!(known instanceof SqlError) || !rightsErrors.has(known.number)) {
    return known;
  }
  return new UserError(
    "database-rights",
    `The login ${address.config.user} lacks rights in ${address.shown}: ${known.message}`,
    {
      status: 500,
      remedy: "Give its user the rights that the operating guide lists under SQL Server.",
      cause: known,
    },
  );
}
