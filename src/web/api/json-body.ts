import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { UserError } from "../../contract/user-error.ts";

/** A refused body is read away up to these bounds, so that the caller gets to see the refusal. */
const discardedBytes = 64 * 1024 * 1024;
const discardTime = 10_000;

/** Bodies are answers to forms and programs; nothing honest nests deeper, and recursive code stays safe. */
const deepestNesting = 100;
const smallestSuspect = 2 * deepestNesting;

export interface ReadBody {
  bytes: Buffer;
  value: unknown;
}

/**
 * Reads a JSON body (RFC 8259, UTF-8), faster than a body parser of general use as it does nothing else.
 * @param limit bytes
 * @returns the value, undefined when the body is empty
 * @throws UserError `body-too-large` (413), `unsupported-media-type` (415), `invalid-json` (400), `request-aborted` (400)
 */
export async function readJsonBody(request: IncomingMessage, limit: number, limitReason?: string): Promise<ReadBody> {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    discard(request);
    throw new UserError("unsupported-media-type", `A body in the encoding ${encoding} is not taken.`, {
      status: 415,
      remedy: "Send the body without Content-Encoding.",
    });
  }
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limit) {
    discard(request);
    throw tooLarge(limit, limitReason);
  }
  const bytes = await readBytes(request, limit, limitReason);
  if (bytes.length === 0) {
    return { bytes, value: undefined };
  }
  refuseOtherMediaTypes(request.headers["content-type"]);
  return { bytes, value: parse(bytes) };
}

function readBytes(request: IncomingMessage, limit: number, limitReason: string | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        request.removeAllListeners("data");
        discard(request);
        reject(tooLarge(limit, limitReason));
      } else {
        chunks.push(chunk);
      }
    });
    request.on("end", () => {
      const first = chunks[0];
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size));
    });
    const aborted = () =>
      reject(
        new UserError("request-aborted", "The caller hung up before the body was complete.", {
          remedy: "Send the whole request again; with an Idempotency-Key it is done once.",
        }),
      );
    request.on("error", aborted);
    request.on("close", () => {
      if (!request.complete) {
        aborted();
      }
    });
  });
}

function refuseOtherMediaTypes(contentType: string | undefined): void {
  if (contentType === "application/json" || contentType === undefined) {
    return;
  }
  const mediaType = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (mediaType !== "application/json" && !mediaType.endsWith("+json")) {
    throw new UserError("unsupported-media-type", `The body's media type is ${mediaType}, but only JSON is taken.`, {
      status: 415,
      remedy: "Send JSON with Content-Type: application/json.",
    });
  }
}

function parse(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) {
    throw new UserError("invalid-json", "The body is not valid UTF-8.", { remedy: "Send JSON encoded as UTF-8." });
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new UserError("invalid-json", `The body is not JSON: ${(error as Error).message}.`, {
      remedy: "Send a JSON object as the OpenAPI document at /api/openapi.json describes it.",
    });
  }
  if (bytes.length > smallestSuspect && isDeeperThan(value, deepestNesting)) {
    throw new UserError("invalid-json", `The body is nested deeper than ${deepestNesting} levels.`, {
      remedy: `Send values in at most ${deepestNesting} levels; a deeper one can be sent as a text that holds its JSON.`,
    });
  }
  return value;
}

/** Level by level instead of by recursion, which the very input that this is for would exhaust. */
function isDeeperThan(value: unknown, depth: number): boolean {
  let level = [value];
  for (let reached = 0; level.length > 0; reached++) {
    if (reached > depth) {
      return true;
    }
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === "object" && item !== null) {
        for (const member of Object.values(item)) {
          if (typeof member === "object" && member !== null) {
            next.push(member);
          }
        }
      }
    }
    level = next;
  }
  return false;
}

function tooLarge(limit: number, limitReason: string | undefined): UserError {
  const reason = limitReason === undefined ? "" : ` (${limitReason})`;
  return new UserError("body-too-large", `The body is larger than the ${limit} bytes that are taken here${reason}.`, {
    status: 413,
    remedy: "Send less in one request.",
  });
}

function discard(request: IncomingMessage): void {
  let seen = 0;
  const timer = setTimeout(() => request.destroy(), discardTime);
  timer.unref();
  request.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (seen > discardedBytes) {
      request.destroy();
    }
  });
  request.on("close", () => clearTimeout(timer));
  request.on("error", () => undefined);
}
