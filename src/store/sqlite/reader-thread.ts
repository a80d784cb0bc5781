import { flushCompileCache } from "node:module";
import type { DatabaseSync } from "node:sqlite";
import type { MessagePort } from "node:worker_threads";
import { parentPort, workerData } from "node:worker_threads";
import { giveIdleMemoryBack } from "../idle-memory.ts";
import { checkpoint, tryCheckpoint } from "./checkpoint.ts";
import { openReadingConnection } from "./open-connection.ts";
import { readOperations } from "./operations.ts";
import { postAnswers } from "./post-answers.ts";
import { SqliteConnectionSession } from "./session.ts";
import { toThreadError } from "./thread-error.ts";
import type { FromReader, OperationAnswer, OperationRequest, ReaderStart, ToReader } from "./thread-messages.ts";

/* A thread that reads. Each operation sees one state of the database, the newest committed one when it begins. */

if (parentPort === null) {
  throw new Error("This is a thread of the store, not a program.");
}
run(parentPort, workerData as ReaderStart);

function run(port: MessagePort, start: ReaderStart): void {
  try {
    serve(port, openReadingConnection(start.databaseFile));
    giveIdleMemoryBack();
    // Now, for a server that is killed would not write it at its end.
    flushCompileCache();
  } catch (error) {
    port.postMessage({ type: "failed", error: toThreadError(error) } satisfies FromReader);
    port.close();
  }
}

function serve(port: MessagePort, database: DatabaseSync): void {
  const session = new SqliteConnectionSession(database);
  const operations = new Map(Object.entries(readOperations(session)) as [string, (argument: unknown) => unknown][]);
  const begin = database.prepare("BEGIN");
  const end = database.prepare("COMMIT");

  const answer = ({ id, operation, argument }: OperationRequest): OperationAnswer => {
    try {
      const read = operations.get(operation);
      if (read === undefined) {
        throw new TypeError(`The store has no read operation ${operation}.`);
      }
      begin.run();
      try {
        return { id, value: read(argument) };
      } finally {
        end.run();
      }
    } catch (error) {
      return { id, error: toThreadError(error) };
    }
  };

  port.on("message", (message: ToReader) => {
    if (message === "close") {
      database.close();
      port.close();
    } else if (message === "checkpoint") {
      const done = tryCheckpoint(database, checkpoint);
      port.postMessage({ type: "checkpointed", done } satisfies FromReader);
    } else {
      for (const request of message) {
        postAnswers(port, { type: "answers", answers: [answer(request)] } satisfies FromReader);
      }
    }
  });
}
