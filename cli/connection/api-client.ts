import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as SecureAgent } from "node:https";
import type { Page } from "../../src/contract/api/page.ts";
import type { ErrorBody } from "../../src/contract/error-body.ts";
import { UserError } from "../../src/contract/user-error.ts";

/** Where the service is and by what right it is called. */
export interface Connection {
  url: string;
  token: string;
  /** The header `Authorization` in place of the token. */
  authorization?: string;
  /** A file of certificates to trust beside the system's. */
  caFile?: string | undefined;
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The header of a user's name and password (RFC 7617). */
export function basicAuthorization(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}

/** Calls the API. What the service refuses is thrown as the `UserError` that its error body tells. */
export class ApiClient {
  readonly #connection: Connection;
  readonly #agent: Agent;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#agent = connection.url.startsWith("https:")
      ? new SecureAgent({ keepAlive: true, ...(connection.caFile ? { ca: certificatesOf(connection.caFile) } : {}) })
      : new Agent({ keepAlive: true });
  }

  get url(): string {
    return this.#connection.url;
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>("GET", path);
  }

  /** The request carries an `Idempotency-Key` of its own, and is repeated once when the connection broke. */
  async post<T>(path: string, body: unknown = {}): Promise<T> {
    const options = { body, headers: { "idempotency-key": randomUUID() } };
    try {
      return await this.call<T>("POST", path, options);
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== "connection-broken") throw error;
      return await this.call<T>("POST", path, options);
    }
  }

  /** Calls and reads the answer as JSON; null when it is empty. */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const answer = await this.open(method, path, options);
    const text = (await readAll(answer, this.url)).toString();
    return (text === "" ? null : JSON.parse(text)) as T;
  }

  /** Reads the answer as bytes. */
  async bytes(path: string): Promise<Buffer> {
    return await readAll(await this.open("GET", path), this.url);
  }

  /** Every item of a list, page after page, up to `limit`. `path` may hold query parameters. */
  async list<T>(path: string, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
    const items: T[] = [];
    let after: string | null = null;
    do {
      const query = new URLSearchParams({ limit: String(Math.min(200, limit - items.length)) });
      if (after !== null) query.set("after", after);
      const page: Page<T> = await this.get<Page<T>>(`${path}${path.includes("?") ? "&" : "?"}${query}`);
      items.push(...page.items);
      after = page.next;
    } while (after !== null && items.length < limit);
    return items.slice(0, limit);
  }

  /** Calls and gives the answer as soon as its head is there. Statuses of 400 and above are thrown. */
  async open(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const answer = await this.#send(method, path, options);
    if ((answer.statusCode ?? 500) < 400) return answer;
    throw refusal(answer.statusCode ?? 500, (await readAll(answer, this.url)).toString());
  }

  #send(method: string, path: string, { body, headers = {}, signal }: CallOptions): Promise<IncomingMessage> {
    const target = new URL(path, this.url);
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const send = target.protocol === "https:" ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const sent = send(
        target,
        {
          method,
          agent: this.#agent,
          ...(signal === undefined ? {} : { signal }),
          headers: {
            accept: "application/json, application/problem+json, */*",
            authorization: this.#connection.authorization ?? `Bearer ${this.#connection.token}`,
            ...(payload === undefined ? {} : { "content-type": "application/json", "content-length": payload.length }),
            ...headers,
          },
        },
        resolve,
      );
      sent.once("error", (error) => reject(signal?.aborted ? signal.reason : unreachable(this.url, error)));
      sent.end(payload);
    });
  }
}

async function readAll(answer: IncomingMessage, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (error) {
    throw unreachable(url, error as Error);
  }
  return Buffer.concat(chunks);
}

function refusal(status: number, text: string): UserError {
  const body = errorBodyOf(text);
  if (body === null) {
    return new UserError("unexpected-answer", `The service answered with status ${status}: ${text.slice(0, 300)}`, {
      status,
      remedy: "See that RUNSMITH_URL names a Runsmith service, and nothing between here and there.",
    });
  }
  const id = body.id === undefined ? "" : ` (${body.id} in the service's log)`;
  const remedy = body.remedy ?? (status === 401 ? signInRemedy : undefined);
  return new UserError(body.type, `${body.detail}${id}`, {
    status,
    ...(remedy === undefined ? {} : { remedy }),
    ...(body.errors === undefined ? {} : { errors: body.errors }),
  });
}

const signInRemedy =
  "Sign in with `npx runsmith connect URL`, or set RUNSMITH_TOKEN to a valid token; on the server's machine, `npx runsmith reset-admin-token` makes a new one.";

function errorBodyOf(text: string): ErrorBody | null {
  try {
    const body: unknown = JSON.parse(text);
    const isErrorBody = typeof body === "object" && body !== null && "type" in body && "detail" in body;
    return isErrorBody ? (body as ErrorBody) : null;
  } catch {
    return null;
  }
}

/** A connection that broke may have done its work; one that never stood has not. */
function unreachable(url: string, error: NodeJS.ErrnoException): UserError {
  const broken = error.code === "ECONNRESET" || error.code === "EPIPE" || error.message === "aborted";
  const why = error.code === "ECONNREFUSED" ? "nothing listens there" : error.message;
  const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_/.test(error.code ?? "");
  return new UserError(broken ? "connection-broken" : "not-reachable", `Runsmith at ${url} is not reachable: ${why}.`, {
    status: 503,
    remedy: untrusted
      ? "Set RUNSMITH_CA to a PEM file of the certificate to trust; a server started with --tls self-signed keeps its own in <data>/self-signed.crt."
      : "Start it with `npm start`, or set RUNSMITH_URL to where it runs.",
    cause: error,
  });
}

function certificatesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UserError(
      "ca-unreadable",
      `The file of certificates ${file} cannot be read: ${(error as Error).message}.`,
      {
        status: 503,
        remedy: "Set RUNSMITH_CA to a PEM file, or unset it.",
      },
    );
  }
}
