import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { EventStream } from "./event-stream.ts";

test("events arrive at once, in order, with their ids, and the stream ends when it is told to", async () => {
  const { text } = await streamed(async (stream) => {
    stream.send("record", { text: "a\nb" }, "1.1");
    stream.send("job", { status: "Completed" });
    stream.end();
  });
  assert.equal(
    text,
    ': open\n\nevent: record\nid: 1.1\ndata: {"text":"a\\nb"}\n\nevent: job\ndata: {"status":"Completed"}\n\n',
  );
});

test("a sender waits for a slow client, and loses nothing", async () => {
  const line = "x".repeat(1000);
  let waits = 0;
  const { text } = await streamed(async (stream) => {
    for (let number = 1; number <= 2000; number++) {
      if (!stream.send("record", { line }, `1.${number}`)) {
        waits += 1;
        await stream.drained();
      }
    }
    stream.end();
  }, 100);
  const ids = [...text.matchAll(/^id: 1\.(\d+)$/gm)].map(([, number]) => Number(number));
  assert.deepEqual(
    ids,
    Array.from({ length: 2000 }, (_, index) => index + 1),
  );
  assert.ok(waits > 0);
});

test("a client that has gone ends the stream for its sender, even while it waits", async () => {
  let gone = false;
  await new Promise<void>((resolve) => {
    void streamed(
      async (stream) => {
        while (!stream.gone.aborted) {
          if (!stream.send("record", "x".repeat(10_000))) {
            await stream.drained();
          }
        }
        gone = true;
        resolve();
      },
      Number.POSITIVE_INFINITY,
      true,
    );
  });
  assert.ok(gone);
});

/** Runs a sender against a client that starts reading after `delay` milliseconds, or that hangs up. */
async function streamed(send: (stream: EventStream) => Promise<void>, delay = 0, hangsUp = false) {
  const server = createServer((_request, response: ServerResponse) => void send(new EventStream(response)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const text = await new Promise<string>((resolve) => {
    const request = get({ port, host: "127.0.0.1", agent: false }, (answer) => {
      if (hangsUp) {
        setTimeout(() => request.destroy(), 50);
        answer.on("error", () => undefined);
        answer.on("close", () => resolve(""));
        return;
      }
      let received = "";
      setTimeout(() => {
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          received += chunk;
        });
        answer.on("end", () => resolve(received));
      }, delay);
    });
    request.on("error", () => resolve(""));
  });
  server.close();
  return { text };
}
