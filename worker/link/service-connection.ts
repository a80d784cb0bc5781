import { readFileSync } from "node:fs";
import { WebSocket } from "ws";
import { linkCloseCodes } from "../../src/contract/link/control-frames.ts";
import { UserError } from "../../src/contract/user-error.ts";

export interface ServiceAddress {
  /** Of the same installation; each is as good as the others. */
  servers: readonly string[];
  tokenFile: string;
  caFile: string | null;
}

const connectTimeLimit = 5_000;

/** The largest frame that a worker takes: a script with its parameters, with room for escapes. */
const largestFrame = 64 * 1024 * 1024;

/**
 * Opens one of the worker's sockets, to one of the services. The token is read anew, so that one that was replaced is found without a restart.
 *
 * @throws UserError when there is no token to read.
 */
export function openSocket(address: ServiceAddress, server: string, path: string): WebSocket {
  const url = new URL(path, server);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url, {
    headers: { Authorization: `Bearer ${readToken(address.tokenFile)}` },
    ...(address.caFile === null ? {} : { ca: readFileSync(address.caFile) }),
    handshakeTimeout: connectTimeLimit,
    perMessageDeflate: false,
    maxPayload: largestFrame,
    followRedirects: false,
  });
}

/**
 * Why the service will not take this worker, whatever it tries; null when another try may succeed.
 * @param said the service's own words
 */
export function refusalOf(closeCode: number | null, httpStatus: number | null, said = ""): UserError | null {
  if (closeCode === linkCloseCodes.unauthorized || httpStatus === 401 || httpStatus === 403) {
    return new UserError(
      "worker-token-refused",
      "The service refused the worker's token: the worker was removed, or the token is another's.",
      {
        status: 401,
        remedy: "Make a new worker with `npx runsmith new-worker --group default --token-file FILE`.",
      },
    );
  }
  if (closeCode === linkCloseCodes.versionRefused) {
    return new UserError(
      "worker-version-refused",
      `The service and this worker are of versions that do not understand each other${said === "" ? "" : `: ${said}`}.`,
      {
        remedy:
          "Install the same version of Runsmith on both; a service and a worker may be one version of the link apart.",
      },
    );
  }
  if (closeCode === linkCloseCodes.replaced) {
    return new UserError("worker-replaced", "Another process connected with this worker's token and took its place.", {
      remedy: "Give each worker a token of its own: `npx runsmith new-worker`.",
    });
  }
  return null;
}

function readToken(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new UserError(
      "worker-token-missing",
      `The worker's token cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy: "Make a worker with `npx runsmith new-worker --group default --token-file FILE`.",
        cause,
      },
    );
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new UserError("worker-token-missing", `The file ${file} does not hold a worker's token.`, {
      remedy: "Make a worker with `npx runsmith new-worker --group default --token-file FILE`.",
    });
  }
  return token;
}
