import { hostname } from "node:os";
import type { AssetAnswer, AssetRequest } from "../../src/contract/assets.ts";
import type { ChildRunbook, RunbookAnswer, RunbookRequest } from "../../src/contract/child-runbook.ts";
import type { HostRunbookAnswer, HostRunbookRequest } from "../../src/contract/host/host-messages.ts";
import type { AttemptReference } from "../../src/contract/link/control-frames.ts";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { hostKindOf } from "../../src/contract/runbook-kind.ts";
import { runbookRequestProblem } from "../../src/contract/runbook-request-problem.ts";
import { AssetParameterError, haveAssets, withAssets } from "../assets/asset-parameters.ts";
import { collectSecrets } from "../masking/collect-secrets.ts";
import type { Masker } from "../masking/masker.ts";
import type { RunbookProvider } from "./runbook-provider.ts";
import { Turns } from "./turns.ts";

/** Requests of one job that wait for their answers, or whose answers the host has not read. */
const mostWaiting = 1_000;

/** Characters of those, as JSON. */
const mostWaitingText = 16 * 1024 * 1024;

/** Requests of one job under way whose answers may be long: records, and texts of runbooks. */
const mostReads = 8;

/** Jobs that one job follows at once; those beyond have their turn when one of these was told something. */
const mostFollowed = 64;

/** Refusals that a host has not read: it asks for ever and does not listen. */
const mostUnread = 10_000;

/** Characters of a request as JSON: it goes over the link with heartbeats. */
const longestRequest = 1024 * 1024;

/** How a machine names itself. */
const localNames = ["localhost", "127.0.0.1", "[::1]"];

export interface JobChildrenOptions {
  provider: RunbookProvider;
  attempt: AttemptReference;
  hostKind: HostKind;
  /** What came with the job. */
  children: readonly ChildRunbook[];
  /** Learns of secret parameters before the child does. */
  masker: Masker;
  assets(request: AssetRequest): Promise<AssetAnswer>;
  /** The job begins or ends to wait for another job, and may do so several times at once. */
  waits(change: 1 | -1): void;
  /** The host asks and asks, and does not read what it is told. */
  floods(): void;
}

/** The runbooks that one job calls, and the jobs that it starts and waits for. */
export class JobChildren {
  readonly #options: JobChildrenOptions;
  readonly #children = new Map<string, ChildRunbook>();
  readonly #over = new AbortController();
  readonly #reads = new Turns(mostReads);
  readonly #followed = new Turns(mostFollowed);
  #waiting = 0;
  #waitingText = 0;
  #unread = 0;

  constructor(options: JobChildrenOptions) {
    this.#options = options;
    for (const child of options.children) this.#children.set(keyOf(child.name), child);
  }

  /** What came with the job and was found since. */
  known(): ChildRunbook[] {
    return [...this.#children.values()];
  }

  /**
   * Answers what a script asks for, whatever it says: it may write its own messages.
   * @param tell resolves when the host has read the answer, or never will: until then it counts as one that waits
   */
  async answer(request: HostRunbookRequest, tell: (answer: HostRunbookAnswer) => Promise<void>): Promise<void> {
    const { length } = JSON.stringify(request ?? null);
    if (this.#waiting >= mostWaiting || this.#waitingText + length > mostWaitingText) {
      if (this.#unread >= mostUnread) {
        this.#options.floods();
        return;
      }
      this.#unread++;
      await tell(
        problem(`More than ${mostWaiting} requests, or more than ${mostWaitingText} characters of them, wait already.`),
      );
      this.#unread--;
      return;
    }
    const turns = this.#turnsOf(request);
    this.#waiting++;
    this.#waitingText += length;
    try {
      await turns?.take();
      await tell(await this.#answerTo(request, length));
    } finally {
      turns?.give();
      this.#waiting--;
      this.#waitingText -= length;
    }
  }

  #turnsOf(request: HostRunbookRequest): Turns | null {
    switch (request?.action) {
      case "find":
      case "call":
      case "read-job":
        return this.#reads;
      case "follow-job":
        return this.#followed;
      default:
        return null;
    }
  }

  async #answerTo(request: HostRunbookRequest, length: number): Promise<HostRunbookAnswer> {
    if (typeof request !== "object" || request === null || typeof request.action !== "string") return refused;
    if (length > longestRequest)
      return problem(`What is handed to another runbook has more than ${longestRequest} characters as JSON.`);
    const { endpoint, ...asked } = request;
    if (endpoint !== undefined && !this.#isOwn(endpoint))
      return problem(
        `${endpoint} is not the service that runs this job, which is the only one that commands without credentials reach. Leave out -WebServiceEndpoint, or name https://localhost.`,
      );
    const waits = request.action === "follow-job";
    if (waits) this.#options.waits(1);
    try {
      if (asked.action === "call") return await this.#call(asked);
      if (asked.action === "find") return await this.#find(asked.name);
      return await this.#ask(asked as RunbookRequest);
    } finally {
      if (waits) this.#options.waits(-1);
    }
  }

  /** The job is over; what still waits gets an error. */
  close(): void {
    this.#over.abort();
  }

  #isOwn(endpoint: unknown): boolean {
    if (typeof endpoint !== "string" || !URL.canParse(endpoint)) return false;
    const name = new URL(endpoint).hostname.toLowerCase();
    return [...localNames, hostname().toLowerCase(), ...this.#options.provider.serviceNames].includes(name);
  }

  async #ask(request: RunbookRequest): Promise<RunbookAnswer> {
    const wrong = runbookRequestProblem(request);
    if (wrong !== null) return { error: { code: "request-refused", message: wrong } };
    return this.#options.provider.ask(this.#options.attempt, request, this.#over.signal);
  }

  async #find(name: unknown): Promise<HostRunbookAnswer> {
    if (typeof name !== "string") return refused;
    const known = this.#children.get(keyOf(name));
    if (known !== undefined && (known.script !== null || hostKindOf[known.kind] !== this.#options.hostKind))
      return { child: known };
    const answer = await this.#ask({ action: "find", name });
    if ("child" in answer) this.#children.set(keyOf(name), answer.child);
    return answer;
  }

  /** What a host needs to run a child within itself: its parameters are checked, and hold what they name. */
  async #call({ name, parameters }: Extract<HostRunbookRequest, { action: "call" }>): Promise<HostRunbookAnswer> {
    const found = await this.#find(name);
    if (!("child" in found)) return found;
    const { child } = found;
    const { compileParameterCheck } = await import("../../src/language/parameter-check.ts");
    const check = compileParameterCheck(child.signature, child.kind);
    const named = check.named(parameters);
    const problems = check.problems(named);
    check.release();
    if (problems.length > 0) {
      const list = problems.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
      return { error: { code: "invalid-parameters", message: `The parameters for ${child.name} are wrong: ${list}.` } };
    }
    if (hostKindOf[child.kind] !== this.#options.hostKind) return { child, parameters: named };
    const schemas = child.signature.properties;
    this.#options.masker.add(collectSecrets(named, schemas));
    try {
      const resolved = haveAssets(schemas) ? await withAssets(named, schemas, this.#options.assets) : named;
      return { child, parameters: resolved };
    } catch (error) {
      if (error instanceof AssetParameterError) return { error: { code: error.code, message: error.message } };
      throw error;
    }
  }
}

/** Names of runbooks do not regard case. */
function keyOf(name: string): string {
  return name.toLowerCase();
}

function problem(message: string): HostRunbookAnswer {
  return { error: { code: "request-refused", message } };
}

const refused = problem("This is no request for a runbook or a job.");
