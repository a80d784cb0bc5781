import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { connect } from "node:net";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { closeServer, httpServer, listen } from "./http-listener.ts";

const impatient = { head: 150, request: 300, silence: 300, look: 20 };

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = httpServer(listener, null, impatient);
  const url = await listen(server, 0, "127.0.0.1", false);
  t.after(() => closeServer(server, 0));
  return Number(new URL(url).port);
}

/** What a connection was answered until it was closed by the server. */
function talk(
  port: number,
  work: (send: (text: string) => void, isOpen: () => boolean) => Promise<void>,
): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    let open = true;
    const socket = connect(port, "127.0.0.1");
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      open = false;
      resolve(answer);
    });
    socket.on("connect", () => {
      void work(
        (text) => socket.write(text),
        () => open,
      );
    });
  });
}

test("who sends the head of a request slowly is hung up on", async (t) => {
  const port = await serve(t, (_, response) => response.end("never"));
  const answer = await talk(port, async (send, isOpen) => {
    send("GET / HTTP/1.1\r\nHost: x\r\n");
    for (let number = 0; isOpen(); number += 1) {
      send(`x-${number}: 1\r\n`);
      await sleep(20);
    }
  });
  assert.match(answer, /^HTTP\/1\.1 408 /);
});

test("who sends a body slowly is hung up on, however long it goes on", async (t) => {
  const port = await serve(t, (request, response) => {
    request.on("error", () => undefined).resume();
    request.on("end", () => response.end("never"));
  });
  const answer = await talk(port, async (send, isOpen) => {
    send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    while (isOpen()) {
      send("x");
      await sleep(20);
    }
  });
  assert.doesNotMatch(answer, /never/);
});

test("who does not read a large answer is hung up on, and nothing of it stays in memory", async (t) => {
  const closed = Promise.withResolvers<void>();
  const port = await serve(t, (_, response) => {
    response.once("close", closed.resolve);
    response.end(Buffer.alloc(64 * 1024 * 1024));
  });
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  socket.pause();
  await closed.promise;
});

test("who reads slowly, but reads, gets the whole answer", async (t) => {
  const size = 24 * 1024 * 1024;
  const port = await serve(t, (_, response) => {
    response.writeHead(200, { "content-length": size, connection: "close" }).end(Buffer.alloc(size));
  });
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  let read = 0;
  for await (const chunk of socket) {
    read += (chunk as Buffer).length;
    await sleep(2);
  }
  assert.ok(read > size, `only ${read} bytes came`);
});
