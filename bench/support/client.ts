import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { RunbookResource } from "../../src/contract/api/runbook.ts";
import { endedStatuses, type JobStatus } from "../../src/contract/job-status.ts";
import type { RunbookKind } from "../../src/contract/runbook-kind.ts";
import type { JobStreamRecord } from "../../src/contract/stream.ts";

/** A client that costs as little as it can, so that what is measured is the service. */
export class Client {
  readonly #url: URL;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(url: string, token: string, connections = 32) {
    this.#url = new URL(url);
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Sends a request and reads the answer as JSON. Throws when the status is 400 or above. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.open(method, path, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    if ((response.statusCode ?? 500) >= 400) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
    return (text === "" ? null : JSON.parse(text)) as T;
  }

  /** Sends a request and gives the answer as soon as its head is there. */
  open(method: string, path: string, body?: unknown, accept = "application/json"): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent: ClientRequest = request(
        {
          host: this.#url.hostname,
          port: this.#url.port,
          method,
          path,
          agent: this.#agent,
          headers: {
            accept,
            authorization: `Bearer ${this.#token}`,
            ...(payload === undefined
              ? {}
              : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
          },
        },
        resolve,
      );
      sent.once("error", reject);
      sent.end(payload);
    });
  }

  /** Imports a script and publishes it; a PowerShell one waits until a worker has analysed it. */
  async publish(name: string, kind: RunbookKind, text: string): Promise<RunbookResource> {
    const source = Buffer.from(text).toString("base64");
    await this.call("POST", "/api/runbooks", { name, kind, source });
    for (let tries = 0; ; tries++) {
      const runbook = await this.call<RunbookResource>("GET", `/api/runbooks/${name}`);
      if (runbook.draft?.analysis === "done") break;
      if (tries === 100) throw new Error(`${name} was not analysed within 20 s`);
      await delay(200);
    }
    return await this.call<RunbookResource>("POST", `/api/runbooks/${name}/publish`, { grantNeeded: true });
  }

  start(runbook: string, parameters: Record<string, unknown> = {}): Promise<JobResource> {
    return this.call<JobResource>("POST", "/api/jobs", { runbook, parameters });
  }

  /** Reads a job's events until `onRecord` returns true or the job has ended; the status last seen is returned. */
  async follow(jobId: string, onRecord: (record: JobStreamRecord) => boolean): Promise<JobStatus> {
    return await readEvents(await this.open("GET", `/api/events?topics=job:${jobId}`), onRecord, false);
  }

  /** Starts a runbook and reads its job's events in the same request, as `follow` does. */
  async startAndFollow(
    runbook: string,
    onRecord: (record: JobStreamRecord) => boolean,
    parameters: Record<string, unknown> = {},
  ): Promise<JobStatus> {
    const response = await this.open("POST", "/api/jobs", { runbook, parameters }, "text/event-stream");
    return await readEvents(response, onRecord, true);
  }

  /** Waits until the job has ended. */
  wait(jobId: string): Promise<JobStatus> {
    return this.follow(jobId, () => false);
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** `ends`: the answer ends with the job, so that its connection can be used again. */
async function readEvents(
  response: IncomingMessage,
  onRecord: (record: JobStreamRecord) => boolean,
  ends: boolean,
): Promise<JobStatus> {
  let status: JobStatus = "New";
  for await (const { event, data } of serverSentEvents(response)) {
    if (event === "record") {
      if (onRecord(JSON.parse(data) as JobStreamRecord)) break;
    } else if (event === "job") {
      status = (JSON.parse(data) as JobResource).status;
    }
    if (!ends && (endedStatuses as readonly string[]).includes(status)) break;
  }
  response.destroy();
  return status;
}

async function* serverSentEvents(response: IncomingMessage): AsyncGenerator<{ event: string; data: string }> {
  response.setEncoding("utf8");
  let rest = "";
  for await (const chunk of response) {
    const blocks = (rest + (chunk as string)).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      let event = "message";
      let data = "";
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) event = line.slice(6).trim();
        else if (line.startsWith("data:")) data += line.slice(5).trimStart();
      }
      if (data !== "") yield { event, data };
    }
  }
}
