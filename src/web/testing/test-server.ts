import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ErrorBody } from "../../contract/error-body.ts";
import type { RunningServer } from "../../contract/running-server.ts";
import type { ServerOptions } from "../../contract/server-options.ts";
import { startServer } from "../server.ts";

/** What a request was answered with. */
export interface Answer<Body = unknown> {
  status: number;
  headers: Headers;
  body: Body;
  bytes: Buffer;
}

export interface CallOptions {
  /** Sent as JSON; a text or bytes are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Null sends none; the administrator's by default. */
  token?: string | null;
}

/** So that a server over the same data finds the key again. */
function keysBeside(dataDirectory: string): string {
  return join(dirname(dataDirectory), "keys");
}

/** A real server over a real store in a folder of its own, for tests. */
export class TestServer {
  readonly dataDirectory: string;
  readonly server: RunningServer;
  readonly token: string;
  readonly #folder: string;

  constructor(folder: string, dataDirectory: string, server: RunningServer, token: string) {
    this.#folder = folder;
    this.dataDirectory = dataDirectory;
    this.server = server;
    this.token = token;
  }

  /** @param of a server over the same database, whose administrator is this one's too */
  static async start(options: Partial<ServerOptions> = {}, of?: TestServer): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), "runsmith-test-"));
    const dataDirectory = join(folder, "data");
    try {
      const server = await startServer({
        dataDirectory,
        port: 0,
        runtimeDirectory: join(folder, "run"),
        masterKeyDirectory: of?.masterKeyDirectory ?? keysBeside(options.dataDirectory ?? dataDirectory),
        log: { level: "error" },
        ...options,
      });
      return new TestServer(folder, dataDirectory, server, server.newAdminToken ?? of?.token ?? "");
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Where its master key is. */
  get masterKeyDirectory(): string {
    return dirname(this.server.masterKeyFile ?? "");
  }

  get url(): string {
    return this.server.url;
  }

  async call<Body = ErrorBody>(method: string, path: string, options: CallOptions = {}): Promise<Answer<Body>> {
    const { body, headers, token = this.token } = options;
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? Buffer.from(body) : JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isJson = /json/.test(answer.headers.get("content-type") ?? "");
    return {
      status: answer.status,
      headers: answer.headers,
      body: (isJson ? JSON.parse(bytes.toString()) : bytes.toString()) as Body,
      bytes,
    };
  }

  /** Imports a script. PowerShell waits for a worker to analyse it, so that it needs no compiler. */
  import<Body = ErrorBody>(name: string, source: string | Uint8Array, more: Record<string, unknown> = {}) {
    const encoded = Buffer.from(source).toString("base64");
    return this.call<Body>("POST", "/api/runbooks", {
      body: { name, kind: "PowerShell", source: encoded, ...more },
    });
  }

  /** A worker's token. */
  async workerToken(): Promise<string> {
    const { body } = await this.call<{ token: string }>("POST", "/api/workers", { body: {} });
    return body.token;
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
