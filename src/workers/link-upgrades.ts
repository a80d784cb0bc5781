import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";
import { HeldUp } from "../access/held-up.ts";
import { controlPath, linkCloseCodes } from "../contract/link/control-frames.ts";
import { recordsPath } from "../contract/link/records-frames.ts";
import type { Logger } from "../contract/logger.ts";
import type { StoredWorker } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";

/** Bytes of one frame. An analysis holds a script, a batch of records at least one record. */
const largestControlFrame = 32 * 1024 * 1024;
const largestRecordsFrame = 8 * 1024 * 1024;

/** Whose link is opened, and with which token. */
export type LinkedWorker = StoredWorker & { tokenId: string | null };

/** Who sent a request, by its token; null when the token is good for nothing. */
export type AuthenticateLink = (
  request: IncomingMessage,
) => Promise<{ principalId: string; kind: string; tokenId?: string } | null>;

export interface LinkUpgradesOptions {
  store: { read: Pick<Store["read"], "workerOfPrincipal"> };
  logger: Logger;
  authenticate: AuthenticateLink;
  controlOpened(socket: WebSocket, worker: LinkedWorker): void;
  /** @param wire what the socket writes to */
  recordsOpened(socket: WebSocket, wire: Duplex, worker: LinkedWorker): void;
}

/** Turns upgrade requests into the two sockets of workers; who is no worker has its socket closed with the reason. */
export class LinkUpgrades {
  readonly #options: LinkUpgradesOptions;
  readonly #controlServer = socketServer(largestControlFrame);
  readonly #recordsServer = socketServer(largestRecordsFrame);
  #stopping = false;

  constructor(options: LinkUpgradesOptions) {
    this.#options = options;
  }

  /**
   * Takes an upgrade request to one of the two worker sockets.
   * @returns false when the request is for another path; nothing was done with it then
   */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    // Not as a URL: whoever connects may write anything there, `//` among it, and this is before any token is seen.
    const path = request.url?.split("?", 1)[0];
    if (path !== controlPath && path !== recordsPath) {
      return false;
    }
    socket.on("error", () => undefined);
    this.#accept(request, socket, head, path).catch((error: unknown) => {
      this.#options.logger.error("a worker's connection failed", { error: String(error) });
      socket.destroy();
    });
    return true;
  }

  /** No further link is opened: workers that come are sent to another service. */
  stop(): void {
    this.#stopping = true;
  }

  async #accept(request: IncomingMessage, socket: Duplex, head: Buffer, path: string): Promise<void> {
    const { store, authenticate, controlOpened, recordsOpened } = this.#options;
    const principal = await authenticate(request).catch((error: unknown) => {
      if (!(error instanceof HeldUp)) {
        throw error;
      }
      const head = `HTTP/1.1 429 Too Many Requests\r\nRetry-After: ${error.retryAfter}\r\nConnection: close`;
      socket.end(`${head}\r\nContent-Length: 0\r\n\r\n`);
      return "held-up" as const;
    });
    if (principal === "held-up") {
      return;
    }
    const worker =
      principal === null || principal.kind !== "worker"
        ? null
        : await store.read.workerOfPrincipal({ principalId: principal.principalId });
    const tokenId = principal?.tokenId ?? null;
    const server = path === controlPath ? this.#controlServer : this.#recordsServer;
    server.handleUpgrade(request, socket, head, (webSocket) => {
      if (this.#stopping) {
        webSocket.close(linkCloseCodes.shuttingDown, "the service is shutting down");
      } else if (worker === null) {
        webSocket.on("error", () => undefined);
        webSocket.close(linkCloseCodes.unauthorized, "this token opens no worker link");
      } else if (path === controlPath) {
        controlOpened(webSocket, { ...worker, tokenId });
      } else {
        recordsOpened(webSocket, socket, { ...worker, tokenId });
      }
    });
  }
}

function socketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false, clientTracking: false });
}
