import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { UserError } from "../contract/user-error.ts";
import { comesFrom, isLoopback, proxyNetworks } from "./listen-address.ts";

/** Judges how a request came: over what, and from whom. */
export class TransportGuard {
  readonly #proxies: ReturnType<typeof proxyNetworks> | null;

  /** @param behindProxy networks of proxies (CIDR). @throws UserError `invalid-proxy-network` */
  constructor(behindProxy: readonly string[]) {
    this.#proxies = behindProxy.length === 0 ? null : proxyNetworks(behindProxy);
  }

  /** Whether there is anything to refuse: a listener on loopback or with TLS takes all that reaches it. */
  get guards(): boolean {
    return this.#proxies !== null;
  }

  /**
   * Refuses plain HTTP that comes neither from this machine nor from a proxy.
   * @throws UserError `plain-http-refused` (403)
   */
  check(request: IncomingMessage): void {
    if (this.#proxies === null || isEncrypted(request)) {
      return;
    }
    const from = request.socket.remoteAddress ?? "";
    if (!isLoopback(from) && !comesFrom(this.#proxies, from)) {
      throw new UserError("plain-http-refused", "Plain HTTP is taken from the configured proxies only.", {
        status: 403,
        remedy: "Connect through the proxy. Its network must be one of those in --behind-proxy.",
      });
    }
  }

  /** Whether the caller's own connection is encrypted: to this server, or to the proxy, by the proxy's word. */
  isSecure(request: IncomingMessage): boolean {
    return isEncrypted(request) || (this.#isProxy(request) && request.headers["x-forwarded-proto"] === "https");
  }

  /** The caller's address: the last one that the proxy itself added, where there is a proxy. */
  clientAddress(request: IncomingMessage): string {
    const forwarded = request.headers["x-forwarded-for"];
    const last = typeof forwarded === "string" ? forwarded.split(",").at(-1)?.trim() : undefined;
    return (this.#isProxy(request) ? last : undefined) ?? request.socket.remoteAddress ?? "";
  }

  /** The host by which the caller knows this service: the one that the proxy was asked for, where it says so. */
  host(request: IncomingMessage): string {
    const forwarded = request.headers["x-forwarded-host"];
    const asked = typeof forwarded === "string" ? forwarded.split(",").at(-1)?.trim() : undefined;
    return ((this.#isProxy(request) ? asked : undefined) ?? request.headers.host ?? "").toLowerCase();
  }

  #isProxy(request: IncomingMessage): boolean {
    return this.#proxies !== null && comesFrom(this.#proxies, request.socket.remoteAddress ?? "");
  }
}

function isEncrypted(request: IncomingMessage): boolean {
  return (request.socket as Partial<TLSSocket>).encrypted === true;
}
