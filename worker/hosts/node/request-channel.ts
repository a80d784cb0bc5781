import type { AssetRequest } from "../../../src/contract/assets.ts";
import type {
  AssetAnswerMessage,
  HostRunbookRequest,
  RunbookAnswerMessage,
} from "../../../src/contract/host/host-messages.ts";
import { keepWatching } from "./input-channel.ts";
import { writeLine } from "./output-channel.ts";

type Answer = AssetAnswerMessage | RunbookAnswerMessage;

const waiting = new Map<number, (message: Answer) => void>();
let count = 0;
let hasSecret = false;
let hasCalled = false;

/** Asks the worker for an asset; the input must be watched. Until its answer comes the process does not end for want of work. */
export function requestAsset(request: AssetRequest): Promise<AssetAnswerMessage> {
  return ask("asset-request", request) as Promise<AssetAnswerMessage>;
}

/** The same about other runbooks and jobs. */
export function requestRunbook(request: HostRunbookRequest): Promise<RunbookAnswerMessage> {
  hasCalled = true;
  return ask("runbook-request", request) as Promise<RunbookAnswerMessage>;
}

/** An answer came; of one that nobody waits for any more nothing becomes. */
export function takeAnswer(message: Answer): void {
  hasSecret ||= message.type === "asset-answer" && message.secret === true;
  const resolve = waiting.get(message.requestId);
  if (waiting.delete(message.requestId) && waiting.size === 0) keepWatching(false);
  resolve?.(message);
}

/** Why no other job may follow in this process; null when one may. */
export function requestsLeft(): string | null {
  if (hasSecret) return "the script was given a secret";
  if (hasCalled) return "the script called other runbooks";
  return waiting.size > 0 ? "a request is left" : null;
}

function ask(type: "asset-request" | "runbook-request", request: AssetRequest | HostRunbookRequest): Promise<Answer> {
  const requestId = ++count;
  writeLine(JSON.stringify({ type, requestId, request }));
  if (waiting.size === 0) keepWatching(true);
  return new Promise((resolve) => waiting.set(requestId, resolve));
}
