import { existsSync } from "node:fs";
import { flushCompileCache } from "node:module";
import type { DatabaseSync } from "node:sqlite";
import type { MessagePort } from "node:worker_threads";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { DirectoryLock } from "../directory-lock.ts";
import { lockDirectory } from "../directory-lock.ts";
import { giveIdleMemoryBack } from "../idle-memory.ts";
import { readMigrations } from "../migrations.ts";
import type { SqliteDatabase } from "../store.ts";
import { AuditTrail } from "./audit-trail.ts";
import { finishCheckpoint, logStateReader, tryCheckpoint } from "./checkpoint.ts";
import { dataFile } from "./data-directory.ts";
import { GroupCommit } from "./group-commit.ts";
import { IdleUpkeep } from "./idle-upkeep.ts";
import { ensureInstallation } from "./installation.ts";
import { migrate } from "./migrate.ts";
import { openWritingConnection } from "./open-connection.ts";
import { readOperations, writeOperations } from "./operations.ts";
import { postAnswers } from "./post-answers.ts";
import { prepareLog } from "./prepare-log.ts";
import type { SqliteSession } from "./session.ts";
import { SqliteConnectionSession } from "./session.ts";
import { toThreadError } from "./thread-error.ts";
import type { FromWriter, OperationRequest, ToWriter, WriterStart } from "./thread-messages.ts";

/* The thread that writes. It holds the database's lock and the only connection that changes anything. */

if (parentPort === null) {
  throw new Error("This is a thread of the store, not a program.");
}
await run(parentPort, workerData as WriterStart);

async function run(port: MessagePort, start: WriterStart): Promise<void> {
  let lock: DirectoryLock | undefined;
  let database: DatabaseSync | undefined;
  try {
    lock = lockDirectory(start.dataDirectory);
    const file = dataFile(start.dataDirectory, "database");
    if (!existsSync(file)) {
      // A database that is no database yet has no use for a log, and SQLite deletes it.
      openWritingConnection(file).close();
    }
    prepareLog(file);
    database = openWritingConnection(file);
    const migrations = readMigrations(start.migrationsDirectory);
    const schema = await migrate(database, migrations, dataFile(start.dataDirectory, "backups"));
    const session = new SqliteConnectionSession(database);
    const { installationId } = ensureInstallation(session);
    post(port, { type: "opened", installationId, database: describe(session, file, schema) });
    serve(port, database, session, lock);
    giveIdleMemoryBack();
    // Now, for a server that is killed would not write it at its end.
    flushCompileCache();
  } catch (error) {
    database?.close();
    lock?.release();
    post(port, { type: "failed", error: toThreadError(error) });
    port.close();
  }
}

function serve(port: MessagePort, database: DatabaseSync, session: SqliteSession, lock: DirectoryLock): void {
  const audit = new AuditTrail(session, readOperations(session));
  const groups = new GroupCommit(database, session, writeOperations(session), audit);
  const upkeep = new IdleUpkeep(database);
  const logState = logStateReader(database);
  const waiting: OperationRequest[] = [];
  let log = logState() ?? { pages: 0, checkpointed: 0 };
  let closing = false;

  const take = (message: ToWriter): void => {
    if (message === "close") {
      closing = true;
    } else if (message === "finish-checkpoint") {
      tryCheckpoint(database, finishCheckpoint);
    } else if ("stampAudit" in message) {
      audit.stampWith(message.stampAudit);
    } else {
      waiting.push(...message);
    }
  };

  port.on("message", (first: ToWriter) => {
    upkeep.noteWork();
    take(first);
    for (;;) {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        take(next.message as ToWriter);
      }
      if (waiting.length === 0) {
        break;
      }
      const group = groups.commitNext(waiting);
      postAnswers(port, { type: "answers", ...group, log } satisfies FromWriter);
      // After the answers, so that nobody waits for it; it travels with the next ones.
      log = logState() ?? log;
    }
    if (closing) {
      upkeep.stop();
      close(database, lock);
      port.close();
    }
  });
}

function close(database: DatabaseSync, lock: DirectoryLock): void {
  try {
    database.exec("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // What is committed is in the log; the next opening finds it there.
  }
  database.close();
  lock.release();
}

function describe(session: SqliteSession, file: string, schema: number): SqliteDatabase {
  const version = session.first<{ version: string }>("SELECT sqlite_version() AS version")?.version ?? "";
  const synchronous = session.first<{ synchronous: number }>("PRAGMA synchronous")?.synchronous;
  const journal = session.first<{ journal_mode: string }>("PRAGMA journal_mode")?.journal_mode;
  return {
    kind: "sqlite",
    file,
    version,
    schema,
    durability: synchronous === 2 && journal === "wal" ? "FULL" : "OTHER",
  };
}

function post(port: MessagePort, message: FromWriter): void {
  port.postMessage(message);
}
