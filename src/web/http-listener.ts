import type { RequestListener, Server } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { UserError } from "../contract/user-error.ts";
import { urlHost } from "./listen-address.ts";
import type { TlsCertificate } from "./tls-certificate.ts";

/** Longer than the idle time of common load balancers, so that they close first and never meet a closed connection. */
const keepAliveTime = 75_000;
/** What slow clients are given; milliseconds. */
export interface ClientPatience {
  /** For the head of a request. */
  head: number;
  /** For a whole request, so that slow senders hold no connection for ever. */
  request: number;
  /** For anything at all to come or to be taken: who reads no answer keeps none waiting in memory for ever. */
  silence: number;
  /** Between two looks for clients that have had their time. */
  look: number;
}

const usualPatience: ClientPatience = { head: 20_000, request: 120_000, silence: 120_000, look: 5_000 };

/** An HTTP or HTTPS server that hands its requests to a listener; it does not listen yet. */
export function httpServer(
  listener: RequestListener,
  tls: TlsCertificate | null,
  patience: ClientPatience = usualPatience,
): Server {
  const options = {
    keepAliveTimeout: keepAliveTime,
    headersTimeout: patience.head,
    requestTimeout: patience.request,
    connectionsCheckingInterval: patience.look,
    noDelay: true,
  };
  const server =
    tls === null
      ? createHttpServer(options, listener)
      : createHttpsServer({ ...options, cert: tls.certificate, key: tls.key, minVersion: "TLSv1.2" }, listener);
  // Event streams say something every 15 s, and worker links have a clock of their own.
  server.setTimeout(patience.silence);
  return track(server);
}

/**
 * Listens, and gives the address in a form that a client on this machine can use.
 * @throws UserError `port-taken`, `port-not-permitted`, `address-not-available`
 */
export function listen(server: Server, port: number, address: string, isSecure: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, port, address)));
    server.listen(port, address, () => {
      const bound = (server.address() as AddressInfo).port;
      resolve(`${isSecure ? "https" : "http"}://${urlHost(address)}:${bound}`);
    });
  });
}

/** The connections of a server, upgraded ones too, which the server itself loses sight of. */
const connections = new WeakMap<Server, Set<Socket>>();

function track(server: Server): Server {
  const open = new Set<Socket>();
  connections.set(server, open);
  return server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
}

/** Stops listening, lets what is under way end for a while, then breaks what is left: a frozen worker answers nothing. */
export async function closeServer(server: Server, patience: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const socket of connections.get(server) ?? []) {
      socket.destroy();
    }
  }, patience);
  await closed;
  clearTimeout(timer);
}

function listenError(error: NodeJS.ErrnoException, port: number, address: string): Error {
  const place = `${address}, port ${port}`;
  switch (error.code) {
    case "EADDRINUSE":
      return new UserError("port-taken", `Another program listens on ${place} already.`, {
        status: 500,
        remedy: "Stop it (it may be another Runsmith server), or choose another port with --port.",
        cause: error,
      });
    case "EACCES":
      return new UserError("port-not-permitted", `This account may not listen on ${place}.`, {
        status: 500,
        remedy: "Choose a port from 1024 on with --port, or give the service the right to low ports.",
        cause: error,
      });
    case "EADDRNOTAVAIL":
      return new UserError("address-not-available", `This machine has no address ${address} to listen on.`, {
        status: 500,
        remedy: "Choose one of its addresses with --listen, or 0.0.0.0 for all.",
        cause: error,
      });
    default:
      return error;
  }
}
