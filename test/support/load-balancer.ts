import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

/** What stands before several services: each connection goes to the next one that answers. */
export interface LoadBalancer {
  readonly port: number;
  /** Ends all connections, and takes no more. */
  close(): Promise<void>;
}

/** @param ports Of services on loopback. */
export async function startLoadBalancer(ports: readonly number[]): Promise<LoadBalancer> {
  const sockets = new Set<Socket>();
  let next = 0;
  const server = createServer((client) => {
    sockets.add(client);
    client.setNoDelay(true);
    client.on("error", () => client.destroy());
    client.on("close", () => sockets.delete(client));
    client.pause();
    next += 1;
    pass(client, ports.length, next);
  });

  function pass(client: Socket, tries: number, turn: number): void {
    const port = ports[turn % ports.length];
    if (tries === 0 || port === undefined) {
      client.destroy();
      return;
    }
    const service = connect(port, "127.0.0.1");
    let isThere = false;
    service.setNoDelay(true);
    service.on("connect", () => {
      isThere = true;
      sockets.add(service);
      client.pipe(service);
      service.pipe(client);
    });
    service.on("error", () => service.destroy());
    service.on("close", () => {
      sockets.delete(service);
      if (isThere) client.destroy();
      else pass(client, tries - 1, turn + 1);
    });
    client.on("close", () => service.destroy());
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
