import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

/* A stretch of network between the store and SQL Server that fails on demand. */

/** First byte of a TDS packet that is about a transaction, and the kind that commits it (MS-TDS 2.2.3.1.1, 2.2.6.9). */
const transactionPacket = 0x0e;
const commitRequest = 7;

/** First byte of a TDS packet that calls a procedure (MS-TDS 2.2.3.1.1). */
const procedurePacket = 0x03;

/** Bytes of a packet's own header. */
const packetHeader = 8;

/** Stands between a store and its database. */
export interface DatabaseProxy extends AsyncDisposable {
  /** The database's URL, by way of this. */
  readonly url: string;
  /** Cuts all connections there are. */
  cut(): void;
  /** Nothing gets through, and nobody is let in, until `reopen`. */
  close(): Promise<void>;
  reopen(): Promise<void>;
  /** From now on everything takes this much longer, each way, in milliseconds. */
  delay(milliseconds: number): void;
  /** Of the next commits: lets the database do it, and cuts the connection instead of bringing back the answer. */
  loseCommitAnswers(count: number): void;
  /** The same of the next calls of a procedure, such as `runsmith.ClaimJobs`. */
  loseAnswersOf(procedure: string, count: number): void;
  /** Of the next requests that name this, a procedure or a word of a query: brings back the first half of the answer, and cuts the connection. */
  cutWithinAnswersOf(name: string, count: number): void;
  /** Of the next call of a procedure: cuts the connection at once, and brings the call to the database so many milliseconds later. */
  deliverLate(procedure: string, milliseconds: number): void;
  /** Requests whose answers were lost, or did not come whole. */
  readonly lostAnswers: number;
}

interface LostAnswers {
  count: number;
  /** Whether the answer to this request is one of them. */
  matches: (request: Buffer) => boolean;
  /** How much of each comes back, from 0 to 1. */
  part: number;
}

/** Makes one; `databaseUrl` must be without encryption, or its packets could not be told apart. */
export async function databaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let answersToLose: LostAnswers = { count: 0, matches: isCommit, part: 0 };
  let late: { matches: (chunk: Buffer) => boolean; milliseconds: number } | null = null;
  let lostAnswers = 0;
  let latency = 0;
  /** Timers of one time run in the order in which they were set. */
  const later = (action: () => void) => {
    if (latency === 0) action();
    else setTimeout(action, latency);
  };
  const server = createServer((client) => {
    const database = connect(Number(target.port || 1433), target.hostname.replace(/^\[(.*)\]$/, "$1"));
    /** What comes back of the answer that is lost. */
    let losing: { part: number } | null = null;
    const end = () => {
      client.destroy();
      database.destroy();
      sockets.delete(client);
    };
    sockets.add(client);
    for (const socket of [client, database]) {
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", (chunk: Buffer) => {
      if (late?.matches(chunk) === true) {
        const { milliseconds } = late;
        late = null;
        lostAnswers += 1;
        client.off("close", end);
        client.destroy();
        setTimeout(() => database.write(chunk), milliseconds);
        setTimeout(end, milliseconds + lateCallTime);
        return;
      }
      if (answersToLose.count > 0 && answersToLose.matches(chunk)) {
        answersToLose.count -= 1;
        losing = { part: answersToLose.part };
      }
      later(() => database.write(chunk));
    });
    database.on("data", (chunk: Buffer) => {
      if (losing === null) {
        later(() => client.write(chunk));
        return;
      }
      lostAnswers += 1;
      // Nothing that is still to come of the answer gets through; what is let through must not be lost with the connection.
      database.off("close", end).removeAllListeners("data").destroy();
      client.end(chunk.subarray(0, Math.floor(chunk.length * losing.part)));
    });
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      cut();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String(port);
  return {
    url: url.href,
    cut,
    close,
    reopen: () => listen(port),
    delay(milliseconds) {
      // What is under way would be overtaken by what is quicker.
      if (milliseconds < latency) cut();
      latency = milliseconds;
    },
    loseCommitAnswers(count) {
      answersToLose = { count, matches: isCommit, part: 0 };
    },
    loseAnswersOf(procedure, count) {
      answersToLose = { count, matches: (chunk) => isCallOf(chunk, procedure), part: 0 };
    },
    cutWithinAnswersOf(name, count) {
      answersToLose = { count, matches: (chunk) => isCallOf(chunk, name), part: 0.5 };
    },
    deliverLate(procedure, milliseconds) {
      late = { matches: (chunk) => isCallOf(chunk, procedure), milliseconds };
    },
    get lostAnswers() {
      return lostAnswers;
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await close();
    },
  };
}

/** Milliseconds that the database has for a call that was brought late. */
const lateCallTime = 2_000;

function isCallOf(chunk: Buffer, procedure: string): boolean {
  return chunk[0] === procedurePacket && chunk.includes(Buffer.from(procedure, "utf16le"));
}

function isCommit(chunk: Buffer): boolean {
  if (chunk.length < packetHeader + 4 || chunk[0] !== transactionPacket) {
    return false;
  }
  // Headers of varying length come first; their own length is the first number.
  const headers = chunk.readUInt32LE(packetHeader);
  const kind = packetHeader + headers;
  return chunk.length >= kind + 2 && chunk.readUInt16LE(kind) === commitRequest;
}
