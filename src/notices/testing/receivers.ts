import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { SMTPServerOptions } from "smtp-server";
import { SMTPServer } from "smtp-server";

/* For tests only: what gets notices, on this machine. */

export interface Posted {
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects.
  body: any;
}

/** A web hook that keeps what is posted to it. */
export interface WebHookReceiver {
  url: string;
  posted: Posted[];
  /** Status of the answer to a request, by its number from 0; null answers nothing. */
  answer: (request: number) => number | null;
}

export async function startWebHook(test: TestContext): Promise<WebHookReceiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const status = receiver.answer(receiver.posted.length);
      receiver.posted.push({ headers: request.headers, text, body: JSON.parse(text) });
      if (status !== null) {
        response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end("answer");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: WebHookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    posted: [],
    answer: () => 204,
  };
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return receiver;
}

export interface Mailed {
  from: string;
  to: string[];
  user: string | null;
  secure: boolean;
  text: string;
}

/** A mail server that keeps what is sent to it. */
export async function startMailServer(
  test: TestContext,
  options: SMTPServerOptions & { password?: string; refuse?: string } = {},
): Promise<{ port: number; mails: Mailed[] }> {
  const { password, refuse, ...more } = options;
  const mails: Mailed[] = [];
  const server = new SMTPServer({
    logger: false,
    authOptional: password === undefined,
    ...more,
    onAuth: (auth, _session, callback) =>
      auth.password === password ? callback(null, { user: auth.username ?? "" }) : callback(new Error("wrong")),
    onRcptTo: ({ address }, _session, callback) =>
      address === refuse ? callback(new Error("no such mailbox")) : callback(),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? "" : (mailFrom?.address ?? ""),
          to: rcptTo.map(({ address }) => address),
          user: typeof session.user === "string" ? session.user : null,
          secure: session.secure,
          text: Buffer.concat(chunks).toString(),
        });
        callback();
      });
    },
  });
  server.on("error", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  test.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails };
}
