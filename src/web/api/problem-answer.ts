import { HeldUp } from "../../access/held-up.ts";
import type { ErrorBody } from "../../contract/error-body.ts";
import { errorMediaType } from "../../contract/error-body.ts";
import { UserError } from "../../contract/user-error.ts";
import type { Log } from "../logging.ts";

/** An error as HTTP answers it. */
export interface ProblemAnswer {
  status: number;
  mediaType: typeof errorMediaType;
  body: ErrorBody;
  headers: Record<string, string>;
}

/**
 * Turns whatever was thrown into a problem (RFC 9457). A UserError is shown as it is. Everything else is a bug:
 * its stack goes to the log under the request's id, and the caller sees the id only.
 */
export function problemAnswer(error: unknown, requestId: string, log: Log): ProblemAnswer {
  if (error instanceof UserError) {
    const headers: Record<string, string> = {};
    if (error.status === 401) {
      headers["WWW-Authenticate"] = 'Bearer realm="runsmith"';
    }
    if (error instanceof HeldUp) {
      headers["Retry-After"] = String(error.retryAfter);
    }
    return problem(error.status, error.code, error.message, headers, error);
  }
  log.error("A request ended in an error that Runsmith did not expect", { requestId, error });
  const answer = problem(500, "internal-error", "The service met an error that it did not expect.", {});
  answer.body.id = requestId;
  answer.body.remedy = `Look for ${requestId} in the service's log, and report what stands there as a bug.`;
  return answer;
}

/** Titles of RFC 9110's status codes that this API answers with. */
const titles: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not permitted",
  404: "Not found",
  405: "Method not allowed",
  408: "Request timeout",
  409: "Conflict",
  412: "Precondition failed",
  413: "Too large",
  415: "Unsupported media type",
  422: "Cannot be processed",
  428: "Precondition required",
  429: "Too many requests",
  500: "Internal error",
  503: "Not available now",
  507: "Insufficient storage",
};

function problem(
  status: number,
  code: string,
  detail: string,
  headers: Record<string, string>,
  details?: UserError,
): ProblemAnswer {
  const body: ErrorBody = { type: code, title: titles[status] ?? "Error", status, detail };
  if (details?.remedy !== undefined) {
    body.remedy = details.remedy;
  }
  if (details?.errors !== undefined) {
    body.errors = details.errors;
  }
  return { status, mediaType: errorMediaType, body, headers };
}
