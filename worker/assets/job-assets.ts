import type { AssetAnswer, AssetRequest } from "../../src/contract/assets.ts";
import {
  assetNamePattern,
  assetValueKinds,
  longestAssetName,
  longestVariableJson,
  variableTypes,
} from "../../src/contract/assets.ts";
import type { AttemptReference } from "../../src/contract/link/control-frames.ts";
import { isTooDeep } from "../../src/contract/value-depth.ts";
import { secretsAt } from "../masking/collect-secrets.ts";
import type { Masker } from "../masking/masker.ts";
import { leastSecretLength } from "../masking/secret-forms.ts";
import type { AssetProvider } from "./asset-provider.ts";

/** Variables may be changed by others while a job waits for just that; in milliseconds. */
const variableLifetime = 1_000;

/** Values that are remembered of one job. */
const mostRemembered = 1_000;

/** Requests of one job that wait for their answers. */
const mostWaiting = 1_000;

/** Masking takes some 32 bytes for each of these; a job that knows more secrets gets none further. */
const mostMaskSize = 2_000_000;

interface Remembered {
  answer: Promise<AssetAnswer>;
  /** By the monotonic clock. */
  until: number;
}

export interface JobAssetsOptions {
  provider: AssetProvider;
  attempt: AttemptReference;
  /** Learns of every secret before the script does. */
  masker: Masker;
  /** Tells whoever reads the job's records. */
  warn(text: string): void;
}

/** The assets of one job: what it asked for is remembered until it is over, and for it alone. */
export class JobAssets {
  readonly #options: JobAssetsOptions;
  readonly #remembered = new Map<string, Remembered>();
  readonly #over = new AbortController();
  #waiting = 0;
  #holdsSecret = false;

  constructor(options: JobAssetsOptions) {
    this.#options = options;
  }

  /** The script knows a secret. */
  get holdsSecret(): boolean {
    return this.#holdsSecret;
  }

  /** What a script asks for, whatever it says: it may write its own messages. */
  async answer(request: AssetRequest): Promise<AssetAnswer> {
    const problem = problemOf(request);
    if (problem !== null) return refused(problem);
    if (this.#waiting >= mostWaiting) return refused(`More than ${mostWaiting} requests for assets wait already.`);
    this.#waiting++;
    try {
      return request.action === "get" ? await this.#get(request) : await this.#setVariable(request);
    } finally {
      this.#waiting--;
    }
  }

  /** The job is over, or is to end before it has begun; what still waits gets an error. */
  close(): void {
    this.#over.abort();
    this.#remembered.clear();
  }

  #get(request: Extract<AssetRequest, { action: "get" }>): Promise<AssetAnswer> {
    const key = keyOf(request);
    const known = this.#remembered.get(key);
    if (known !== undefined && known.until > performance.now()) return known.answer;
    const answer = this.#ask(request).then((given) => this.#noteValue(request, given));
    this.#remember(key, answer, request.kind === "variable" ? variableLifetime : Number.POSITIVE_INFINITY);
    return answer;
  }

  async #setVariable(request: Extract<AssetRequest, { action: "set-variable" }>): Promise<AssetAnswer> {
    const answer = await this.#ask(request);
    this.#remembered.delete(keyOf({ kind: "variable", name: request.name }));
    if ("encrypted" in answer && answer.encrypted) {
      this.#noteSecrets(`The value of the variable "${request.name}"`, secretsAt(request.value, [""]));
    }
    return answer;
  }

  #ask(request: AssetRequest): Promise<AssetAnswer> {
    const { provider, attempt } = this.#options;
    return provider.ask(attempt, request, this.#over.signal);
  }

  #noteValue({ kind, name }: Extract<AssetRequest, { action: "get" }>, answer: AssetAnswer): AssetAnswer {
    if (!("value" in answer)) {
      this.#remembered.delete(keyOf({ kind, name }));
      return answer;
    }
    if (answer.secrets.length === 0) return answer;
    if (this.#options.masker.size > mostMaskSize) {
      this.#remembered.delete(keyOf({ kind, name }));
      return refused("The job knows so many secrets already that no further one could be masked.");
    }
    this.#noteSecrets(`A secret of the ${kind} "${name}"`, secretsAt(answer.value, answer.secrets));
    return answer;
  }

  #noteSecrets(what: string, secrets: readonly string[]): void {
    this.#holdsSecret = true;
    this.#options.masker.add(secrets);
    if (secrets.some((secret) => secret.length < leastSecretLength))
      this.#options.warn(
        `${what} has fewer than ${leastSecretLength} characters and is not masked. Choose a longer one.`,
      );
  }

  #remember(key: string, answer: Promise<AssetAnswer>, lifetime: number): void {
    this.#remembered.delete(key);
    this.#remembered.set(key, { answer, until: performance.now() + lifetime });
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined && this.#remembered.size > mostRemembered) this.#remembered.delete(oldest);
  }
}

/** Names do not regard case. */
function keyOf({ kind, name }: { kind: string; name: string }): string {
  return `${kind} ${name.toLowerCase()}`;
}

function refused(message: string): AssetAnswer {
  return { error: { code: "asset-refused", message } };
}

const namePattern = new RegExp(assetNamePattern, "u");
const known = (names: readonly string[], name: unknown): boolean => names.includes(name as string);

/** What is wrong with a request, for its author; null when nothing is. */
function problemOf(request: AssetRequest): string | null {
  if (typeof request !== "object" || request === null) return "This is no request for an asset.";
  const { action, name } = request;
  const kind = action === "get" ? request.kind : "variable";
  if ((action !== "get" && action !== "set-variable") || !known(assetValueKinds, kind))
    return "This is no request for an asset.";
  if (typeof name !== "string" || name.length > longestAssetName[kind] || !namePattern.test(name))
    return `${JSON.stringify(name)?.slice(0, 80)} cannot be the name of a ${kind}: a name is a text of 1 to ${longestAssetName[kind]} characters, without blanks at its ends.`;
  if (action === "set-variable") {
    if (!known(variableTypes, request.type) || request.value === undefined)
      return "A variable holds a string, a number, a boolean, a date, an object or null.";
    if (isTooDeep(request.value)) return `The new value of the variable "${name}" is nested too deep.`;
    if (JSON.stringify(request.value).length > longestVariableJson)
      return `The new value of the variable "${name}" has more than ${longestVariableJson} characters as JSON.`;
  }
  return null;
}
