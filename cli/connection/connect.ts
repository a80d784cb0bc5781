import { readFileSync } from "node:fs";
import type { AnnouncedServer } from "../../src/contract/running-server.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { Connection } from "./api-client.ts";
import { ApiClient } from "./api-client.ts";
import type { KeptConnection } from "./kept-connection.ts";
import { readKeptConnection } from "./kept-connection.ts";
import { runningServers } from "./running-servers.ts";

/**
 * The service that commands talk to: RUNSMITH_URL and RUNSMITH_TOKEN, else the one that `connect` was told of, else the one server that
 * lives on this machine. Throws `UserError` with status 503 (exit code 5) when there is none, or more than one.
 */
export function connect(): ApiClient {
  return new ApiClient(findConnection());
}

/** How the service would be reached. Throws as `connect` does. */
export function findConnection(): Connection {
  const url = process.env.RUNSMITH_URL;
  const token = process.env.RUNSMITH_TOKEN;
  const caFile = process.env.RUNSMITH_CA;
  if (url) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw unavailable("invalid-url", `RUNSMITH_URL is not the address of a service: "${url}".`, urlRemedy);
    }
    if (token) return { url, token, caFile };
    const kept = readKeptConnection();
    if (kept !== null && sameOrigin(kept.url, url)) return keptConnection(kept, caFile);
    const local = runningServers().find((server) => sameOrigin(server.url, url));
    if (local) return localConnection(local);
    throw unavailable("not-signed-in", `RUNSMITH_URL names ${url}, but RUNSMITH_TOKEN is not set.`, tokenRemedy);
  }
  const kept = readKeptConnection();
  if (kept !== null) return { ...keptConnection(kept, caFile), ...(token ? { token } : {}) };
  const servers = runningServers();
  const [only] = servers;
  if (only === undefined) {
    throw unavailable(
      "not-reachable",
      "No Runsmith server runs on this machine, and RUNSMITH_URL is not set.",
      urlRemedy,
    );
  }
  if (servers.length > 1) {
    const urls = servers.map((server) => server.url).join(", ");
    throw unavailable(
      "several-servers",
      `Several servers run on this machine: ${urls}.`,
      "Set RUNSMITH_URL to the one you mean.",
    );
  }
  return token ? { url: only.url, token, caFile: caFile ?? only.caFile } : localConnection(only);
}

const urlRemedy =
  "Start a server with `npm start`, run `npx runsmith connect URL`, or set RUNSMITH_URL (such as http://127.0.0.1:9090) and RUNSMITH_TOKEN.";
const tokenRemedy =
  "Run `npx runsmith connect URL`, or set RUNSMITH_TOKEN to the administrator's token, which is in <data>/admin.token on the server's machine.";

function keptConnection({ url, token, caFile }: KeptConnection, trusted: string | undefined): Connection {
  return { url, token, caFile: trusted ?? caFile ?? undefined };
}

function localConnection(server: AnnouncedServer): Connection {
  try {
    return { url: server.url, token: readFileSync(server.tokenFile, "utf8").trim(), caFile: server.caFile };
  } catch (error) {
    throw unavailable(
      "not-signed-in",
      `The token of ${server.url} cannot be read: ${(error as Error).message}.`,
      "Set RUNSMITH_TOKEN, or run the command as the account that runs the server.",
    );
  }
}

function unavailable(code: string, message: string, remedy: string): UserError {
  return new UserError(code, message, { status: 503, remedy });
}

function sameOrigin(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin;
}
