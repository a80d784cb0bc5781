import { createHmac } from "node:crypto";
import { isoTime } from "../contract/api/iso-time.ts";
import type { NoticeTarget } from "../contract/api/notice.ts";
import { UserError } from "../contract/user-error.ts";
import type { Delivery, DeliveryResult } from "./delivery.ts";
import type { NoticeSecrets } from "./notice-secrets.ts";
import { noticeText } from "./notice-text.ts";

/*
 * Notices by HTTP POST, as https://www.standardwebhooks.com describes it: `webhook-id` is the notice's id, the same with every attempt,
 * and `webhook-signature` an HMAC-SHA256 of id, time and body.
 */

type WebHook = Extract<NoticeTarget, { kind: "web-hook" }>;

/** Characters of an address; bytes of a signing key. */
const longestAddress = 2000;
const shortestKey = 16;

/** Posts a notice. Redirects are not followed, and nothing of the answer but its status is read. Never rejects. */
export async function postNotice(target: WebHook, secrets: NoticeSecrets, delivery: Delivery): Promise<DeliveryResult> {
  try {
    const address = await addressOf(target, secrets);
    const body = JSON.stringify(payloadOf(delivery));
    const id = delivery.notice.noticeId;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": `Runsmith/${delivery.version}`,
      "webhook-id": id,
      "webhook-timestamp": timestamp,
    };
    if (target.signingSecret !== null) {
      const key = signingKey(target.signingSecret, await secrets.read(target.signingSecret));
      headers["webhook-signature"] = signature(key, id, timestamp, body);
    }
    const answer = await fetch(address, { method: "POST", headers, body, redirect: "manual", signal: delivery.signal });
    await answer.body?.cancel();
    return resultOf(answer.status);
  } catch (error) {
    return { outcome: "failed", statusCode: null, detail: reasonOf(error) };
  }
}

/**
 * An address that notices may be posted to.
 * @throws UserError `invalid-web-hook` when it is no address, holds a password, or would send what is told unencrypted
 */
export function webHookAddress(text: string, allowHttp: boolean): URL {
  const refuse = (message: string, remedy: string) =>
    new UserError("invalid-web-hook", message, { status: 422, remedy });
  const address = URL.parse(text);
  if (address === null || text.length > longestAddress || !/^https?:$/.test(address.protocol)) {
    throw refuse(
      "The address of the web hook is not one of HTTPS.",
      "Give a whole URL, such as https://example.org/hook.",
    );
  }
  if (address.username !== "" || address.password !== "") {
    throw refuse(
      "The address of the web hook holds a name or a password.",
      "Put the address into a file of --notice-secrets, and name that (secretUrl); or let requests be signed.",
    );
  }
  if (address.protocol === "http:" && !allowHttp && !isLoopback(address.hostname)) {
    throw refuse(
      `${address.origin} would get notices unencrypted.`,
      "Use https, or allow plain HTTP for this rule (allowHttp).",
    );
  }
  return address;
}

/** `v1,` and the HMAC-SHA256 of `id.timestamp.body`, in base64. */
export function signature(key: Uint8Array, id: string, timestamp: string, body: string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** A key as it is written: `whsec_` and base64, or any text. */
function signingKey(name: string, text: string): Uint8Array {
  const key = text.startsWith("whsec_") ? Buffer.from(text.slice(6), "base64") : Buffer.from(text);
  if (key.length < shortestKey) {
    throw new UserError("notice-secret-invalid", `The notice secret ${name} has less than ${shortestKey} bytes.`, {
      status: 422,
      remedy: "Make one: openssl rand -hex 32",
    });
  }
  return key;
}

async function addressOf(target: WebHook, secrets: NoticeSecrets): Promise<URL> {
  const text = target.secretUrl === null ? (target.url ?? "") : await secrets.read(target.secretUrl);
  return webHookAddress(text, target.allowHttp);
}

function payloadOf({ notice, rule, installationId }: Delivery): Record<string, unknown> {
  return {
    id: notice.noticeId,
    event: notice.event,
    text: noticeText(notice),
    happenedAt: isoTime(notice.happenedAt),
    occurrences: notice.occurrences,
    rule: { ruleId: rule.ruleId, name: rule.name },
    installationId,
    ...notice.facts,
  };
}

function resultOf(status: number): DeliveryResult {
  if (status >= 200 && status < 300) {
    return { outcome: "delivered", statusCode: status, detail: null };
  }
  const detail =
    status >= 300 && status < 400
      ? `The address answered with a redirect (${status}); give its target as the address.`
      : `The address answered with status ${status}.`;
  return { outcome: "failed", statusCode: status, detail };
}

function reasonOf(error: unknown): string {
  if (error instanceof UserError) {
    return error.message;
  }
  if (error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError")) {
    return "The address did not answer in time.";
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return `The address could not be reached: ${message === "" ? (code ?? "no reason is known") : message}`.slice(0, 500);
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
