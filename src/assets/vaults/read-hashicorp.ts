import type { IncomingMessage, RequestOptions } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { UserError } from "../../contract/user-error.ts";
import type { VaultSecret, VaultContent as VaultSettings } from "../vaults.ts";

/*
 * HashiCorp Vault and OpenBao, KV version 2 (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2): what is read is the newest
 * version at a path. Signed in to by a token, or by AppRole, whose token is kept until shortly before it ends.
 */

/** Milliseconds for one request. */
const patience = 10_000;
const longestAnswer = 1024 * 1024;
/** Milliseconds before its end at which a token is renewed by signing in again. */
const margin = 10_000;

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

interface SignedIn {
  token: string;
  /** By the monotonic clock. */
  until: number;
}

/** A client of the servers that vaults name; it remembers what it signed in by. */
export class HashicorpClient {
  readonly #signedIn = new Map<string, SignedIn>();

  /**
   * The fields at a path.
   * @param key names the vault and its state: another one signs in anew
   * @throws UserError `asset-unavailable` (503)
   */
  async read(
    key: string,
    settings: VaultSettings,
    secret: VaultSecret,
    path: string,
  ): Promise<Record<string, unknown>> {
    let answer = await this.#get(settings, path, await this.#token(key, settings, secret));
    if (answer.status === 403 && "secretId" in secret) {
      // The token may have been revoked.
      this.#signedIn.delete(key);
      answer = await this.#get(settings, path, await this.#token(key, settings, secret));
    }
    const data = (answer.body["data"] as Record<string, unknown> | undefined)?.["data"];
    if (answer.status !== 200 || typeof data !== "object" || data === null) {
      throw unavailable(settings, reasonOf(answer.status, path));
    }
    return data as Record<string, unknown>;
  }

  #get(settings: VaultSettings, path: string, token: string): Promise<Answer> {
    return call(settings, "GET", `${encoded(settings.mount ?? "secret")}/data/${encoded(path)}`, token);
  }

  async #token(key: string, settings: VaultSettings, secret: VaultSecret): Promise<string> {
    if ("token" in secret) {
      return secret.token;
    }
    const known = this.#signedIn.get(key);
    if (known !== undefined && known.until > performance.now()) {
      return known.token;
    }
    const body = { role_id: settings.roleId, secret_id: secret.secretId };
    const asked = performance.now();
    const answer = await call(settings, "POST", "auth/approle/login", null, body);
    const given = answer.body["auth"] as { client_token?: unknown; lease_duration?: unknown } | undefined;
    if (answer.status !== 200 || typeof given?.client_token !== "string") {
      throw unavailable(settings, `it did not accept the role (status ${answer.status})`);
    }
    const lasts = (Number(given.lease_duration) || 0) * 1000 - margin;
    // Vaults are few, but their states may be many.
    if (this.#signedIn.size >= 100) {
      this.#signedIn.clear();
    }
    this.#signedIn.set(key, { token: given.client_token, until: asked + lasts });
    return given.client_token;
  }
}

function encoded(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== "." && part !== "..")
    .map(encodeURIComponent)
    .join("/");
}

function reasonOf(status: number, path: string): string {
  return status === 404
    ? `there is nothing at ${path}`
    : status === 403
      ? `it does not let this service read ${path}`
      : `it answered with status ${status}`;
}

function unavailable(settings: VaultSettings, reason: string): UserError {
  return new UserError("asset-unavailable", `The vault at ${settings.address} gave no value: ${reason}.`, {
    status: 503,
  });
}

function call(
  settings: VaultSettings,
  method: "GET" | "POST",
  path: string,
  token: string | null,
  body?: unknown,
): Promise<Answer> {
  const url = new URL(`${settings.address}/v1/${path}`);
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const options: RequestOptions & { ca?: string } = {
    method,
    signal: AbortSignal.timeout(patience),
    headers: {
      "x-vault-request": "true",
      ...(token !== null && { "x-vault-token": token }),
      ...(settings.namespace !== null && { "x-vault-namespace": settings.namespace }),
      ...(payload !== undefined && { "content-type": "application/json", "content-length": payload.length }),
    },
    ...(settings.authorities !== null && { ca: settings.authorities }),
  };
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      reject(
        unavailable(
          settings,
          error.name === "TimeoutError" || error.name === "AbortError"
            ? "it did not answer in time"
            : `it could not be reached (${error.code ?? "no reason is known"})`,
        ),
      );
    const sent = request(url, options, (answer) => {
      readAnswer(answer).then(resolve, fail);
    });
    sent.once("error", fail);
    sent.end(payload);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestAnswer) {
      answer.destroy();
      throw Object.assign(new Error("too long"), { code: "its answer was too long" });
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const status = answer.statusCode ?? 0;
  try {
    return { status, body: JSON.parse(text) as Record<string, unknown> };
  } catch {
    return { status, body: {} };
  }
}
