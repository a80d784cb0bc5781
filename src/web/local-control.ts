import { chmodSync, closeSync, constants, openSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { UserError } from "../contract/user-error.ts";

/*
 * A Unix socket in the data folder (0600 in a folder of 0700): what only the server's own machine and account may ask.
 * Holding the file system's right to the data is the authentication, so there is no token here.
 */

const socketName = "control.sock";
const resetPath = "/reset-admin-token";
const answerTime = 10_000;

/** Serves local requests until the function that it returns is called. */
export async function serveLocalControl(
  dataDirectory: string,
  resetAdminToken: () => Promise<string>,
): Promise<() => Promise<void>> {
  const socket = join(dataDirectory, socketName);
  rmSync(socket, { force: true });
  // Open until the end, as Node removes the socket by the path that it was bound to.
  const folder = openFolder(dataDirectory);
  const server = createServer((incoming, response) => {
    if (incoming.method !== "POST" || incoming.url !== resetPath) {
      response.writeHead(404).end();
      return;
    }
    resetAdminToken().then(
      (token) => response.writeHead(200).end(JSON.stringify({ token })),
      () => response.writeHead(500).end(),
    );
  });
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(shortPath(folder), resolve);
  });
  chmodSync(socket, 0o600);
  return async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    closeSync(folder);
  };
}

/**
 * Asks the server that has this data folder open for a new administrator's token.
 * @throws UserError `server-does-not-answer`
 */
export async function askForAdminToken(dataDirectory: string): Promise<string> {
  const folder = openFolder(dataDirectory);
  try {
    return await ask(shortPath(folder));
  } catch (cause) {
    throw doesNotAnswer(dataDirectory, cause);
  } finally {
    closeSync(folder);
  }
}

function ask(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: resetPath, method: "POST", timeout: answerTime }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        if (answer.statusCode === 200) {
          resolve((JSON.parse(Buffer.concat(chunks).toString()) as { token: string }).token);
        } else {
          reject(new Error(`status ${answer.statusCode}`));
        }
      });
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", reject);
    asked.end();
  });
}

function openFolder(dataDirectory: string): number {
  return openSync(dataDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** The path of a socket may have 107 bytes (unix(7)); through the folder's descriptor it is short however deep the folder. */
function shortPath(folder: number): string {
  return `/proc/self/fd/${folder}/${socketName}`;
}

function doesNotAnswer(dataDirectory: string, cause: unknown): UserError {
  return new UserError(
    "server-does-not-answer",
    `A server uses ${dataDirectory}, but does not answer: ${(cause as Error).message}.`,
    {
      status: 503,
      remedy: "Run the command as the server's own account and on its machine, or stop the server first.",
      cause,
    },
  );
}
