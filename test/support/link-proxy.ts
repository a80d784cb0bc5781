import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { recordsPath } from "../../src/contract/link/records-frames.ts";

/** Towards the service, or towards the worker. */
export type LinkDirection = "requests" | "answers";

/** Stands between workers and their service, and can hold what goes over the sockets for records. */
export interface LinkProxy extends AsyncDisposable {
  readonly url: string;
  /** From now on nothing of the records sockets gets through in this direction, until `release` or `cut`. */
  hold(direction: LinkDirection): void;
  /** Bytes that are held. */
  readonly heldBytes: number;
  /** Lets through what is held, and all that comes. */
  release(): void;
  /** Cuts all connections: what is held is lost, and nothing is held any more. */
  cut(): void;
}

/** One of the two ways of a connection. */
interface Way {
  to: Socket;
  /** What is held, null while nothing is to be. */
  held: Buffer[] | null;
}

interface Link extends Record<LinkDirection, Way> {
  isForRecords: boolean;
}

/** @param port Of a service on loopback. */
export async function linkProxy(port: number): Promise<LinkProxy> {
  const links = new Set<Link>();
  const directions = new Set<LinkDirection>();
  const server = createServer((worker) => {
    const service = connect(port, "127.0.0.1");
    const link: Link = {
      requests: { to: service, held: null },
      answers: { to: worker, held: null },
      isForRecords: false,
    };
    links.add(link);
    // What is held is lost with its socket.
    const end = () => {
      worker.destroy();
      service.destroy();
      links.delete(link);
    };
    for (const socket of [worker, service]) socket.setNoDelay(true).on("error", end).on("close", end);
    worker.once("data", (head: Buffer) => {
      link.isForRecords = head.includes(` ${recordsPath} `);
      for (const direction of directions) holdLink(link, direction);
    });
    worker.on("data", (chunk: Buffer) => pass(link.requests, chunk));
    service.on("data", (chunk: Buffer) => pass(link.answers, chunk));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const ways = () => [...links].flatMap(({ requests, answers }) => [requests, answers]);
  const cut = () => {
    directions.clear();
    for (const { to } of ways()) to.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold(direction) {
      directions.add(direction);
      for (const link of links) holdLink(link, direction);
    },
    get heldBytes() {
      return ways().reduce((sum, { held }) => sum + (held ?? []).reduce((bytes, { length }) => bytes + length, 0), 0);
    },
    release() {
      directions.clear();
      for (const way of ways()) {
        for (const chunk of way.held ?? []) way.to.write(chunk);
        way.held = null;
      }
    },
    cut,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

function holdLink(link: Link, direction: LinkDirection): void {
  if (link.isForRecords) link[direction].held ??= [];
}

function pass(way: Way, chunk: Buffer): void {
  if (way.held === null) way.to.write(chunk);
  else way.held.push(chunk);
}
