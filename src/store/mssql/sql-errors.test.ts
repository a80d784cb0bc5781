import assert from "node:assert/strict";
import test from "node:test";
import sql from "mssql";
import { ConnectionLost, isTransient, SqlError, toSqlError } from "./sql-errors.ts";

/** As the driver wraps what its own driver said. */
function failedRequest(message: string, code: string): Error {
  return new sql.RequestError(Object.assign(new Error(message), { code }), "EREQUEST");
}

const lost = (error: Error, sent = true) => {
  const known = toSqlError(error, sent);
  return known instanceof ConnectionLost ? known.done : known;
};

test("whatever way a connection breaks, it is known as that, and whether something may have been done", () => {
  const underWay = [
    failedRequest("Connection lost - socket hang up", "ESOCKET"),
    failedRequest("Connection closed before request completed.", "ECLOSE"),
    failedRequest("Timeout: Request failed to complete in 15000ms", "ETIMEOUT"),
    new sql.TransactionError(Object.assign(new Error("Connection lost"), { code: "ESOCKET" })),
  ];
  for (const error of underWay) {
    assert.equal(lost(error), "unknown", error.message);
    assert.equal(lost(error, false), "no", error.message);
  }
  const neverSent = [
    new sql.ConnectionError("The connection ended without ever completing the connection"),
    new sql.ConnectionError("Failed to connect to localhost:1", "ESOCKET"),
    new sql.ConnectionError("Login failed for user 'sa'.", "ELOGIN"),
    new sql.TransactionError("Transaction has been aborted.", "EABORT"),
    failedRequest("Requests can only be made in the LoggedIn state, not the Final state", "EINVALIDSTATE"),
  ];
  for (const error of neverSent) {
    assert.equal(lost(error), "no", error.message);
  }
});

test("what the server refused keeps its number, and a mistake of ours is not taken for a lost connection", () => {
  const refused = Object.assign(failedRequest("A duplicate", "EREQUEST"), { number: 2627, class: 14 });
  const known = toSqlError(refused, true);
  assert.ok(known instanceof SqlError && known.number === 2627);
  const mistake = failedRequest("Validation failed for parameter 'job_id'. Invalid buffer.", "EPARAM");
  assert.equal(toSqlError(mistake, true), mistake);
});

test("only an error of values is taken for one: whatever else the server says, also what nobody here knows, is its own trouble", () => {
  const refusesValues = (number: number) => new SqlError(number, "refused").refusesValues;
  for (const number of [547, 2628, 8114, 8152, 13609]) {
    assert.equal(refusesValues(number), true, String(number));
  }
  for (const number of [952, 1105, 1204, 1205, 8623, 40143, 99_999]) {
    assert.equal(refusesValues(number), false, String(number));
  }
});

test("a database that is recovered, moved, or out of locks is asked again", () => {
  for (const number of [922, 952, 988, 1204, 10936, 40143, 40166, 40540]) {
    assert.equal(isTransient(new SqlError(number, "not now")), true, String(number));
  }
});
