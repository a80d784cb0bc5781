import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { Page } from "../../src/contract/api/page.ts";
import type { RunbookResource, RunbookSettings } from "../../src/contract/api/runbook.ts";
import type { NewWorkerResource } from "../../src/contract/api/worker.ts";
import { endedStatuses } from "../../src/contract/job-status.ts";
import type { RunbookKind } from "../../src/contract/runbook-kind.ts";
import type { JobStreamRecord, StreamName } from "../../src/contract/stream.ts";

/** One line of a job's attempts. */
export interface Attempt {
  attempt: number;
  workerId: string;
  claimedAt: string;
  endedAt: string | null;
  outcome: string | null;
  reason: string | null;
}

export interface Answer<T> {
  status: number;
  body: T;
}

/** How long a client bears with a service that is away, or waits for something to become so, in milliseconds. */
const patience = 90_000;

/**
 * The public API as a persistent client uses it: while the service is away it asks again, with the same
 * `Idempotency-Key`, so that a request is accepted once.
 */
export class ApiClient {
  readonly url: string;
  readonly token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  /** Asks once. Throws when the service is not reached. */
  async call<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get("content-type") ?? "");
    return { status: answer.status, body: (isJson && text !== "" ? JSON.parse(text) : text) as T };
  }

  /** Asks until the service answers. Throws when it refuses. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = method === "POST" ? { "idempotency-key": randomUUID() } : {};
    const until = Date.now() + patience;
    for (;;) {
      let away: unknown;
      try {
        const { status, body: answer } = await this.call<T>(method, path, body, headers);
        if (status < 400) return answer;
        // 503: the service is going. 409 of a key: the first request is still being worked on.
        const busy = status === 503 || (status === 409 && JSON.stringify(answer).includes("idempotency"));
        if (!busy) throw new Refusal(`${method} ${path} was refused with ${status}: ${JSON.stringify(answer)}`);
        away = answer;
      } catch (error) {
        if (error instanceof Refusal) throw error;
        away = error;
      }
      if (Date.now() > until) throw new Error(`the service was away for too long: ${String(away)}`);
      await sleep(50);
    }
  }

  /** Imports a script, publishes it and changes its settings. */
  async import(
    name: string,
    kind: RunbookKind,
    source: string,
    settings: Partial<RunbookSettings> = {},
  ): Promise<RunbookResource> {
    const encoded = Buffer.from(source).toString("base64");
    const body = { name, kind, source: encoded, publish: true, overwrite: true };
    const imported = await this.ask<RunbookResource>("POST", "/api/runbooks", body);
    if (Object.keys(settings).length === 0) return imported;
    return await this.ask("PATCH", `/api/runbooks/${name}`, settings);
  }

  start(runbook: string, parameters: Record<string, unknown> = {}): Promise<JobResource> {
    return this.ask("POST", "/api/jobs", { runbook, parameters });
  }

  job(jobId: string): Promise<JobResource> {
    return this.ask("GET", `/api/jobs/${jobId}`);
  }

  stop(jobId: string, force = false): Promise<JobResource> {
    return this.ask("POST", `/api/jobs/${jobId}/stop`, { force });
  }

  newWorker(group = "default"): Promise<NewWorkerResource> {
    return this.ask("POST", "/api/workers", { group });
  }

  async attempts(jobId: string): Promise<Attempt[]> {
    return (await this.ask<Page<Attempt>>("GET", `/api/jobs/${jobId}/attempts`)).items;
  }

  /** All records of a job, or those of a stream. */
  async records(jobId: string, stream?: StreamName): Promise<JobStreamRecord[]> {
    const all: JobStreamRecord[] = [];
    for (let after: string | null = ""; after !== null; ) {
      const query = new URLSearchParams({
        limit: "1000",
        ...(after === "" ? {} : { after }),
        ...(stream === undefined ? {} : { stream }),
      });
      const page: Page<JobStreamRecord> = await this.ask("GET", `/api/jobs/${jobId}/records?${query}`);
      all.push(...page.items);
      after = page.next;
    }
    return all;
  }

  /** Waits until a job is as looked for. Throws when it ends without ever having been so. */
  async until(jobId: string, wanted: (job: JobResource) => boolean, what: string): Promise<JobResource> {
    const until = Date.now() + patience;
    for (;;) {
      const job = await this.job(jobId);
      if (wanted(job)) return job;
      const told = JSON.stringify({ ...job, parameters: undefined });
      if (hasEnded(job)) throw new Error(`the job ended before it was ${what}: ${told}`);
      if (Date.now() > until) throw new Error(`the job was not ${what} in time: ${told}`);
      await sleep(50);
    }
  }

  /** Waits for the end of a job. */
  ended(jobId: string): Promise<JobResource> {
    return this.until(jobId, hasEnded, "ended");
  }
}

export function hasEnded(job: JobResource): boolean {
  return (endedStatuses as readonly string[]).includes(job.status);
}

/** The service answered, and it was a no. */
class Refusal extends Error {}
