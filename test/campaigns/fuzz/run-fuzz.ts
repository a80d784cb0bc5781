import type { IncomingMessage } from "node:http";
import { Agent, request as send } from "node:http";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { newToken } from "../../../src/access/token.ts";
import type { AuditVerificationResource } from "../../../src/contract/api/audit.ts";
import { resetAdminToken } from "../../../src/web/server.ts";
import { TestServer } from "../../../src/web/testing/test-server.ts";
import type { ApiDocument, FuzzRequest } from "./api-requests.ts";
import { apiRequests } from "./api-requests.ts";
import { furnish, knownThings } from "./furnish.ts";
import { rawRequests, sendRaw } from "./raw-requests.ts";
import { StoredState } from "./stored-state.ts";

export interface FuzzOptions {
  /** Over the API; a twentieth as many go as raw bytes. */
  requests: number;
  seed: number;
  progress?: (done: { requests: number; raw: number }) => void;
}

export interface FuzzRun {
  /** Answers by status. */
  answers: Record<string, number>;
  rawAnswers: Record<string, number>;
  /** What no request may lead to, each with the requests that did. */
  violations: Record<string, string[]>;
}

/** Milliseconds after which a request counts as hung. Analysing a script takes its time on a busy machine. */
const patience = 60_000;

/** Requests that are made of what is known at one time. */
const portion = 250;

/** What an import says that could not be published: its draft stays, on purpose, and a client knows it by this. */
const storedAllTheSame = "The script is stored as the runbook's draft.";

/** Raw requests at once. */
const rawAtOnce = 8;

/** Sends requests of every sort, one after another, and looks at every answer and at what is stored. */
export async function runFuzz({ requests, seed, progress = () => {} }: FuzzOptions): Promise<FuzzRun> {
  const server = await TestServer.start();
  const run: FuzzRun = {
    answers: {},
    rawAnswers: {},
    violations: {
      "an answer of 500 or more": [],
      "no answer": [],
      "a refused request wrote": [],
      "an error that is no problem": [],
      "an answer unlike its schema": [],
      "a way elsewhere": [],
      "raw bytes: an answer of 500 or more": [],
      "raw bytes: no answer": [],
      "damage afterwards": [],
    },
  };
  try {
    await furnish(server);
    const campaign = new Campaign(server, run);
    await campaign.open();
    for (let done = 0; done < requests; ) {
      const known = await knownThings(campaign);
      const count = Math.min(portion, requests - done);
      for (const request of fc.sample(apiRequests(campaign.document, known), { numRuns: count, seed: seed + done })) {
        await campaign.take(request);
        done += 1;
        progress({ requests: done, raw: 0 });
      }
    }
    const raw = fc.sample(rawRequests, { numRuns: Math.ceil(requests / 20), seed });
    for (let at = 0; at < raw.length; at += rawAtOnce) {
      await Promise.all(raw.slice(at, at + rawAtOnce).map((bytes) => campaign.takeRaw(bytes)));
      progress({ requests, raw: Math.min(raw.length, at + rawAtOnce) });
    }
    await campaign.lookAfterwards();
    campaign.close();
  } finally {
    await server.close();
  }
  return run;
}

class Campaign {
  readonly server: TestServer;
  document: ApiDocument = { paths: {}, components: { schemas: {} } };
  readonly #run: FuzzRun;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #state: StoredState;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
  #token: string;
  #workerToken = "";
  #readerToken = "";

  constructor(server: TestServer, run: FuzzRun) {
    this.server = server;
    this.#run = run;
    this.#token = server.token;
    this.#state = new StoredState(server.dataDirectory);
  }

  async open(): Promise<void> {
    this.#workerToken = await this.server.workerToken();
    this.#readerToken = await readerToken(this.server);
    const { body } = await this.server.call<ApiDocument>("GET", "/api/openapi.json");
    this.document = body;
    this.#ajv.addSchema({ $id: "api", ...body });
    this.#state.changed();
  }

  /** A JSON answer of the administrator's, for looking around. */
  async look(path: string): Promise<unknown> {
    const { body } = await this.server.call<unknown>("GET", path, { token: this.#token });
    return body;
  }

  async take(request: FuzzRequest): Promise<void> {
    const shown = describe(request);
    let answer: Answer;
    try {
      answer = await this.#send(request);
    } catch (error) {
      this.#violation("no answer", `${shown}: ${String(error)}`);
      return;
    }
    count(this.#run.answers, answer.status);
    if (answer.status >= 500) {
      this.#violation("an answer of 500 or more", `${shown}: ${answer.status} ${answer.text.slice(0, 300)}`);
    }
    if (answer.location !== null && !/^\/(?!\/)/.test(answer.location)) {
      this.#violation("a way elsewhere", `${shown}: ${answer.location}`);
    }
    const written = this.#state.changed();
    if (answer.status >= 400 && written.length > 0 && !answer.text.includes(storedAllTheSame)) {
      this.#violation("a refused request wrote", `${shown}: ${answer.status}, ${written.join(", ")}`);
    }
    this.#judge(request, answer, shown);
    if (answer.status === 401 && request.as === "administrator") {
      // It has taken its own right away.
      this.#token = await resetAdminToken({ dataDirectory: this.server.dataDirectory });
      this.#state.changed();
    }
  }

  async takeRaw(bytes: Buffer): Promise<void> {
    const answer = await sendRaw(this.server.url, bytes, patience);
    const shown = JSON.stringify(bytes.toString("latin1").slice(0, 300));
    if (answer.end === "hung") {
      count(this.#run.rawAnswers, "hung");
      this.#violation("raw bytes: no answer", shown);
      return;
    }
    count(this.#run.rawAnswers, answer.statuses.length === 0 ? "hung up" : answer.statuses.join(",").slice(0, 20));
    const failed = answer.statuses.filter((status) => status >= 500);
    if (failed.length > 0) this.#violation("raw bytes: an answer of 500 or more", `${shown}: ${failed.join(", ")}`);
  }

  async lookAfterwards(): Promise<void> {
    const ready = await this.server.call("GET", "/readyz", { token: null });
    if (ready.status !== 200) this.#violation("damage afterwards", `The service is not ready: ${ready.status}`);
    for (const problem of this.#state.damage()) this.#violation("damage afterwards", problem);
    for (let after: number | null = 0; after !== null; ) {
      const { status, body }: { status: number; body: AuditVerificationResource } = await this.server.call(
        "POST",
        "/api/audit/verification",
        { token: this.#token, body: { after } },
      );
      if (status !== 200) throw new Error(`The audit could not be verified: ${JSON.stringify(body)}`);
      for (const { problem } of body.findings) this.#violation("damage afterwards", `The audit: ${problem}`);
      after = body.next;
    }
  }

  close(): void {
    this.#agent.destroy();
    this.#state.close();
  }

  #judge(request: FuzzRequest, answer: Answer, shown: string): void {
    if (answer.text === "" || answer.isStream) return;
    let body: unknown;
    try {
      body = JSON.parse(answer.text);
    } catch {
      if (answer.status >= 400)
        this.#violation("an error that is no problem", `${shown}: ${answer.text.slice(0, 200)}`);
      return;
    }
    if (answer.status >= 400) {
      if (!this.#fits("#/components/schemas/Error", body))
        this.#violation("an error that is no problem", `${shown}: ${answer.text}`);
      return;
    }
    const place = this.#schemaOf(request, answer.status);
    if (place !== null && !this.#fits(place, body)) {
      this.#violation(
        "an answer unlike its schema",
        `${shown}: ${this.#ajv.errorsText()} in ${answer.text.slice(0, 300)}`,
      );
    }
  }

  #fits(place: string, body: unknown): boolean {
    return this.#ajv.validate({ $ref: `api${place}` }, body) as boolean;
  }

  /** Where the document has the schema of an answer. */
  #schemaOf({ method, path }: FuzzRequest, status: number): string | null {
    const parts = (path.split("?", 1)[0] ?? "").replace(/\/$/, "").split("/");
    const fits = (template: string) => {
      const names = template.split("/");
      return (
        names.length === parts.length && names.every((name, index) => name.startsWith("{") || name === parts[index])
      );
    };
    // A path without parameters goes before one that they make of it.
    const [template] = Object.keys(this.document.paths)
      .filter((candidate) => method.toLowerCase() in (this.document.paths[candidate] ?? {}) && fits(candidate))
      .sort((one, other) => one.split("{").length - other.split("{").length);
    const content = (
      this.document.paths[template ?? ""]?.[method.toLowerCase()] as {
        responses?: Record<string, { content?: object }>;
      }
    )?.responses?.[status]?.content;
    return content === undefined || !("application/json" in content)
      ? null
      : `#/paths/${(template ?? "").replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("{", "%7B").replaceAll("}", "%7D")}/${method.toLowerCase()}/responses/${status}/content/application~1json/schema`;
  }

  #send(request: FuzzRequest): Promise<Answer> {
    const { hostname, port } = new URL(this.server.url);
    const tokens = {
      administrator: this.#token,
      reader: this.#readerToken,
      worker: this.#workerToken,
      stranger: newToken(),
      nobody: null,
    };
    const token = tokens[request.as];
    return new Promise((resolve, reject) => {
      const sent = send(
        {
          hostname,
          port,
          agent: this.#agent,
          method: request.method,
          path: request.path,
          headers: {
            ...request.headers,
            ...(token !== null && { authorization: `Bearer ${token}` }),
            ...(request.body !== null && { "content-length": request.body.length }),
          },
          timeout: patience,
        },
        (answer) => void readAnswer(answer).then(resolve, reject),
      );
      sent.on("timeout", () => sent.destroy(new Error(`nothing came within ${patience / 1000} s`)));
      sent.on("error", reject);
      sent.end(request.body ?? undefined);
    });
  }

  #violation(name: string, text: string): void {
    this.#run.violations[name] = [...(this.#run.violations[name] ?? []), text];
  }
}

/** Of somebody who may do some things to some things. */
async function readerToken(server: TestServer): Promise<string> {
  await server.call("POST", "/api/service-principals", { body: { name: "somebody" } });
  for (const [role, on] of [
    ["operator", "runbook:restart"],
    ["author", "folder:ops"],
    ["reader", "variable:color"],
  ]) {
    await server.call("POST", "/api/rights", { body: { principal: "service-principal:somebody", role, on } });
  }
  const { status, body } = await server.call<{ token: string }>("POST", "/api/tokens", {
    body: { name: "fuzz", principal: "service-principal:somebody" },
  });
  if (status !== 201) throw new Error(`There is no token: ${JSON.stringify(body)}`);
  return body.token;
}

interface Answer {
  status: number;
  text: string;
  isStream: boolean;
  location: string | null;
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const status = answer.statusCode ?? 0;
  const location = answer.headers.location ?? null;
  const isStream = (answer.headers["content-type"] ?? "").startsWith("text/event-stream");
  if (isStream) {
    // It never ends by itself.
    answer.destroy();
    return { status, text: "", isStream, location };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status, text: Buffer.concat(chunks).toString(), isStream, location };
}

function count(counts: Record<string, number>, name: string | number): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function describe({ method, path, headers, body, as }: FuzzRequest): string {
  const shownBody = body === null ? "" : ` ${JSON.stringify(body.toString("latin1").slice(0, 400))}`;
  const rest = Object.keys(headers).length === 0 ? "" : ` ${JSON.stringify(headers)}`;
  return `${as === "administrator" ? "" : `(${as}) `}${method} ${path.slice(0, 300)}${rest}${shownBody}`;
}
