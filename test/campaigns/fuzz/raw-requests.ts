import { connect } from "node:net";
import fc from "fast-check";

/*
 * What is no HTTP, or nearly: sent as bytes. Each is sent, the sending end is closed, and the server has to answer or hang up.
 */

const crlf = "\r\n";
const head = (line: string, ...headers: string[]) => [line, ...headers, "", ""].join(crlf);
const host = "Host: 127.0.0.1";

/** Known ways in which servers and proxies have disagreed, or stumbled. */
const malformed: readonly string[] = [
  "",
  crlf,
  "GET",
  `GET /${crlf}`,
  `GET / HTTP/0.9${crlf}${crlf}`,
  head("GET / HTTP/9.9", host),
  head("GET / HTTP/1.1"),
  head("GET / HTTP/1.0"),
  head("get /healthz http/1.1", host),
  head("FOO /healthz HTTP/1.1", host),
  head("TRACE /api/jobs HTTP/1.1", host),
  head("OPTIONS * HTTP/1.1", host),
  head("CONNECT example.invalid:443 HTTP/1.1", host),
  head("GET http://example.invalid/api/jobs HTTP/1.1", host),
  head("GET //example.invalid/api HTTP/1.1", host),
  head("GET /api/%zz HTTP/1.1", host),
  head("GET /api/\u0000 HTTP/1.1", host),
  head("GET /api/jobs HTTP/1.1", host, "Host: other"),
  head("GET /api/jobs HTTP/1.1", host, "A : b"),
  head("GET /api/jobs HTTP/1.1", host, " folded: yes"),
  head("GET /api/jobs HTTP/1.1", host, "no colon"),
  head("GET /api/jobs HTTP/1.1", host, "X: a\u0000b"),
  head("GET /api/jobs HTTP/1.1", host, `X: ${"a".repeat(100_000)}`),
  head("GET /api/jobs HTTP/1.1", host, ...Array.from({ length: 3_000 }, (_, number) => `x-${number}: 1`)),
  head(`GET /${"a".repeat(100_000)} HTTP/1.1`, host),
  head("GET /api/jobs HTTP/1.1", host, "Expect: 100-continue"),
  head("POST /api/jobs HTTP/1.1", host, "Expect: something-else", "Content-Length: 2"),
  head("POST /api/jobs HTTP/1.1", host, "Content-Length: -1"),
  head("POST /api/jobs HTTP/1.1", host, "Content-Length: 1e3"),
  head("POST /api/jobs HTTP/1.1", host, "Content-Length: 99999999999999999999"),
  head("POST /api/jobs HTTP/1.1", host, "Content-Length: 10", "Content-Length: 2"),
  `${head("POST /api/jobs HTTP/1.1", host, "Content-Length: 4", "Transfer-Encoding: chunked")}0${crlf}${crlf}GET /healthz HTTP/1.1${crlf}${host}${crlf}${crlf}`,
  `${head("POST /api/jobs HTTP/1.1", host, "Transfer-Encoding: xchunked")}0${crlf}${crlf}`,
  `${head("POST /api/jobs HTTP/1.1", host, "Transfer-Encoding: chunked")}zz${crlf}x${crlf}`,
  `${head("POST /api/jobs HTTP/1.1", host, "Transfer-Encoding: chunked")}ffffffffffffffff${crlf}x`,
  `${head("POST /api/jobs HTTP/1.1", host, "Transfer-Encoding: chunked")}5;${"a".repeat(50_000)}${crlf}hello${crlf}0${crlf}${crlf}`,
  `${head("POST /api/jobs HTTP/1.1", host, "Content-Length: 1000")}{"runbook":`,
  `GET /healthz HTTP/1.1\n${host}\n\n`,
  `${head("GET /healthz HTTP/1.1", host)}`.repeat(50),
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
  head("GET /api/worker/control HTTP/1.1", host, "Upgrade: websocket", "Connection: Upgrade"),
  head(
    "GET /api/jobs HTTP/1.1",
    host,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: x",
    "Sec-WebSocket-Version: 99",
  ),
  head(
    "GET /api/jobs HTTP/1.1",
    host,
    "Upgrade: h2c",
    "Connection: Upgrade, HTTP2-Settings",
    "HTTP2-Settings: AAMAAABkAAQAAP__",
  ),
];

/** Bytes to send. */
export const rawRequests: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...malformed).map((text) => Buffer.from(text, "latin1")) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)) },
  {
    // A request with some bytes exchanged.
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...malformed), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }))
      .map(([text, exchanges]) => {
        const bytes = Buffer.from(text, "latin1");
        for (const [at, byte] of exchanges) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        return bytes;
      }),
  },
);

export type RawAnswer = { end: "closed"; statuses: number[] } | { end: "hung" };

/** Sends bytes and reads what comes until the server hangs up, at most so many milliseconds. */
export function sendRaw(url: string, bytes: Buffer, patience: number): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) });
    const timer = setTimeout(() => {
      resolve({ end: "hung" });
      socket.destroy();
    }, patience);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    // The server may hang up while something is still being sent to it.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      const text = Buffer.concat(chunks).toString("latin1");
      resolve({
        end: "closed",
        statuses: [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status)),
      });
    });
    socket.end(bytes);
  });
}
