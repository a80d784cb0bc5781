import type sql from "mssql";
import { DatabaseError } from "../database-error.ts";

/** What SQL Server refused: the statement was not carried out. */
export class SqlError extends DatabaseError {
  /** SQL Server's error number, such as 2627. */
  readonly number: number;
  /** The stored procedure in which it happened. */
  readonly procedure: string | undefined;

  constructor(number: number, message: string, procedure?: string) {
    super(message, ofValues.has(number));
    this.name = "SqlError";
    this.number = number;
    this.procedure = procedure === "" ? undefined : procedure;
  }
}

/** The connection could not be made, or broke, or did not answer in time. */
export class ConnectionLost extends Error {
  /** `no`: what was asked for has certainly not been done. `unknown`: it was under way, and may have been done. */
  readonly done: "no" | "unknown";

  constructor(done: "no" | "unknown", message: string) {
    super(message);
    this.name = "ConnectionLost";
    this.done = done;
  }
}

/** No connection of the pool became free in time, though the server is there: nothing was done. */
export class ConnectionsBusy extends Error {
  constructor() {
    super("All connections to the database are in use.");
    this.name = "ConnectionsBusy";
  }
}

/** Two rows with the same key: a PRIMARY KEY or UNIQUE constraint (2627), or a unique index (2601). */
export function isDuplicate(error: unknown): error is SqlError {
  return error instanceof SqlError && (error.number === 2627 || error.number === 2601);
}

/**
 * Errors that go away by themselves: the transaction was rolled back, and the same may be asked for again. Sources: "Database
 * engine events and errors" and "Troubleshoot transient connection errors" in SQL Server's and Azure SQL's documentation.
 */
const transient = new Set([
  1205, // chosen as the victim of a deadlock
  1222, // waited too long for a lock
  3960, // conflict of snapshots
  701, // no memory for this query now
  8645, // waited too long for memory
  615, // the database was moved or restored meanwhile
  922, // the database is being recovered
  927, // the database is being restored
  952, // the database is in transition
  976, // the replica of the availability group is not readable now
  978, // likewise
  983, // the availability group's database is changing its role
  988, // the availability group has no quorum now
  1204, // no memory for a lock now
  3906, // read only for now: the other replica became the primary one
  4060, // the database cannot be opened, as in a failover
  4221, // a secondary replica is not ready yet
  10928, // Azure: too many requests
  10929, // Azure: likewise
  10936, // Azure: likewise, in an elastic pool
  40143, // Azure: the service met an error
  40166, // Azure: the database is being moved
  40197, // Azure: the service met an error
  40501, // Azure: the service is busy
  40540, // Azure: the database became read only, as it is being moved
  40613, // Azure: the database is not available now
  49918, // Azure: not enough resources
  49919, // Azure: likewise
  49920, // Azure: likewise
]);

/** Errors of a database that has no room left. */
const full = new Set([
  1101, // no new page in the file group
  1105, // no space for the object in the file group
  3257, // no space on the volume
  9002, // the transaction log is full
  40544, // Azure: the database has reached its size
]);

/**
 * Errors of the values that a statement was given. Not those of two rows with the same key: somebody else may have been first. What is
 * neither here nor among the former is taken for the database's own trouble, for there are thousands of them.
 */
const ofValues = new Set([
  220, // beyond a small number
  241, // no time
  242, // beyond what a time may be
  245, // not to be converted
  511, // a row longer than a page
  515, // nothing where something has to be
  547, // against a constraint
  2628, // text or bytes that are too long
  8023, // a parameter that is no value of its type
  8114, // not to be converted
  8115, // beyond a number
  8152, // text or bytes that are too long, before SQL Server 2019
  13609, // no JSON
]);

/** Whether the database has no room left. */
export function isFull(error: unknown): error is SqlError {
  return error instanceof SqlError && full.has(error.number);
}

/** Whether the same may be asked for again, in the hope that it works then. */
export function isTransient(error: unknown): error is SqlError | ConnectionLost {
  return error instanceof ConnectionLost || (error instanceof SqlError && transient.has(error.number));
}

/**
 * What the driver threw, in our terms; an error that is no matter of the database (a wrong parameter, a bug) comes back as it is.
 * @param sent whether anything can have been carried out when the connection broke
 */
export function toSqlError(error: unknown, sent: boolean): Error {
  if (error instanceof SqlError || error instanceof ConnectionLost || error instanceof ConnectionsBusy) {
    return error;
  }
  if (!(error instanceof Error)) {
    return new Error(String(error));
  }
  if (error.message.startsWith(waitedForPool)) {
    // The pool names why it could not connect, if that is why.
    return error.message.endsWith("unknown reason") ? new ConnectionsBusy() : new ConnectionLost("no", error.message);
  }
  const { code, number, severity, procedure } = driverDetails(error);
  if (number !== undefined && severity < 20) {
    return new SqlError(number, error.message, procedure);
  }
  // The driver says so of connections that it makes; what was under way on one fails as a request.
  if (neverSent.has(code) || error.name === "ConnectionError") {
    return new ConnectionLost("no", error.message);
  }
  if (number !== undefined || broken.has(code) || /connection lost|socket|LoggedIn|Final state/i.test(error.message)) {
    return new ConnectionLost(sent ? "unknown" : "no", error.message);
  }
  return error;
}

/** How the driver begins what its pool says of a wait that took too long. */
const waitedForPool = "Failed to acquire a connection from the pool: ";

/** Codes of the driver for a connection that was never there, and for a transaction that the server rolled back by itself. */
const neverSent = new Set(["ELOGIN", "EINSTLOOKUP", "ENOTOPEN", "ENOCONN", "EINVALIDSTATE", "EABORT"]);

/** Codes of the driver for one that broke, or for an answer that did not come in time. */
const broken = new Set(["ESOCKET", "ETIMEOUT", "ECONNCLOSED", "ECANCEL", "ECONNRESET", "ECLOSE"]);

function driverDetails(error: Error): {
  code: string;
  number: number | undefined;
  severity: number;
  procedure?: string;
} {
  const { code, originalError } = error as Partial<sql.MSSQLError>;
  // The driver wraps an error of its connection into one of its own.
  const inner = (originalError as { code?: unknown } | undefined)?.code;
  const { number, class: severity, procName } = error as Partial<sql.RequestError>;
  return {
    code: typeof inner === "string" && code === "EREQUEST" ? inner : String(code ?? inner ?? ""),
    number: typeof number === "number" ? number : undefined,
    severity: Number(severity ?? 0),
    ...(procName === undefined ? {} : { procedure: procName }),
  };
}
