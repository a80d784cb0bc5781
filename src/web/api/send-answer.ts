import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiAnswer } from "./route.ts";

/** On every answer: nothing of the API may be cached, sniffed, framed or run (OWASP REST security cheat sheet). */
export const securityHeaders: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Only over TLS (RFC 6797 §7.2). */
export const strictTransportSecurity = "max-age=31536000";

export interface AnswerHead {
  requestId: string;
  secure: boolean;
}

/** Writes an answer whole. An ETag that the caller named in `If-None-Match` is answered with 304. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ApiAnswer,
  head: AnswerHead,
): Promise<void> {
  if ("write" in answer) {
    for (const [name, value] of Object.entries(headersOf(head, undefined))) {
      response.setHeader(name, value);
    }
    await answer.write(response);
    return;
  }
  const headers = headersOf(head, "headers" in answer ? answer.headers : undefined);
  for (const cookie of ("cookies" in answer ? answer.cookies : undefined) ?? []) {
    response.appendHeader("Set-Cookie", cookie);
  }
  if ("redirect" in answer) {
    response.writeHead(303, { ...headers, Location: answer.redirect }).end();
    return;
  }
  if (request.method === "GET" && headers["ETag"] !== undefined && matchesAny(request, headers["ETag"])) {
    response.writeHead(304, headers).end();
    return;
  }
  if ("bytes" in answer) {
    headers["Content-Type"] = answer.mediaType;
    headers["Content-Length"] = String(Buffer.byteLength(answer.bytes));
    response.writeHead(answer.status, headers).end(answer.bytes);
  } else if ("body" in answer) {
    const text = JSON.stringify(answer.body);
    headers["Content-Type"] ??= "application/json";
    headers["Content-Length"] = String(Buffer.byteLength(text));
    response.writeHead(answer.status, headers).end(text);
  } else {
    response.writeHead(answer.status, headers).end();
  }
}

function headersOf(head: AnswerHead, own: Record<string, string> | undefined): Record<string, string> {
  const headers: Record<string, string> = { ...securityHeaders, "X-Request-Id": head.requestId, ...own };
  if (head.secure) {
    headers["Strict-Transport-Security"] = strictTransportSecurity;
  }
  return headers;
}

/** Weak comparison, as RFC 9110 §13.1.2 asks of `If-None-Match`. */
function matchesAny(request: IncomingMessage, etag: string): boolean {
  const wanted = request.headers["if-none-match"];
  const candidates = wanted?.split(",").map((candidate) => candidate.trim()) ?? [];
  return candidates.some((candidate) => candidate === "*" || candidate.replace(/^W\//, "") === etag);
}
