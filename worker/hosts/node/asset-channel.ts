import type { AssetRequest } from "../../../src/contract/assets.ts";
import type { AssetAnswerMessage } from "../../../src/contract/host/host-messages.ts";
import { keepWatching } from "./input-channel.ts";
import { writeLine } from "./output-channel.ts";

const waiting = new Map<number, (message: AssetAnswerMessage) => void>();
let count = 0;
let hasSecret = false;

/** Asks the worker; the input must be watched. Until its answer comes the process does not end for want of work. */
export function requestAsset(request: AssetRequest): Promise<AssetAnswerMessage> {
  const requestId = ++count;
  writeLine(JSON.stringify({ type: "asset-request", requestId, request }));
  if (waiting.size === 0) keepWatching(true);
  return new Promise((resolve) => waiting.set(requestId, resolve));
}

export function takeAssetAnswer(message: AssetAnswerMessage): void {
  hasSecret ||= message.secret === true;
  const resolve = waiting.get(message.requestId);
  if (waiting.delete(message.requestId) && waiting.size === 0) keepWatching(false);
  resolve?.(message);
}

/** Why no other job may follow in this process; null when one may. */
export function assetsLeft(): string | null {
  if (hasSecret) return "the script was given a secret";
  return waiting.size > 0 ? "a request for an asset is left" : null;
}
