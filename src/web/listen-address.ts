import { BlockList, isIP, isIPv6 } from "node:net";
import { UserError } from "../contract/user-error.ts";

/** Whether an address to listen on, or that a connection comes from, is this machine's own loopback. */
export function isLoopback(address: string): boolean {
  const plain = withoutMapping(address);
  return plain === "localhost" || plain === "::1" || /^127\./.test(plain);
}

/**
 * Plain HTTP would carry tokens readable by everyone on the way, so it is for loopback and proxies only.
 * @throws UserError `tls-needed`, `invalid-listen-address`
 */
export function checkListenAddress(address: string, hasTls: boolean, isBehindProxy: boolean): void {
  if (address !== "localhost" && isIP(address) === 0) {
    throw new UserError("invalid-listen-address", `${JSON.stringify(address)} is not an IP address to listen on.`, {
      remedy: "Use an address of this machine, 0.0.0.0 or :: for all, or leave --listen out for this machine only.",
    });
  }
  if (!isLoopback(address) && !hasTls && !isBehindProxy) {
    throw new UserError("tls-needed", `On ${address}, other machines would send their tokens unencrypted.`, {
      remedy:
        "Add --tls-cert and --tls-key, or --tls self-signed, or --behind-proxy CIDR when a proxy does TLS; or leave --listen out.",
    });
  }
}

/**
 * The networks of `--behind-proxy`.
 * @throws UserError `invalid-proxy-network`
 */
export function proxyNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits, surplus] = network.trim().split("/");
    const family = isIP(address);
    const longest = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? longest : Number(bits);
    if (family === 0 || surplus !== undefined || !/^\d+$/.test(bits ?? "0") || prefix > longest) {
      throw new UserError("invalid-proxy-network", `${JSON.stringify(network)} is not a network in CIDR form.`, {
        remedy: "Write such as 10.0.0.0/8 or 2001:db8::/32, several separated by commas.",
      });
    }
    list.addSubnet(address, prefix, family === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

/** Whether a connection from this address comes from one of the networks. */
export function comesFrom(networks: BlockList, remoteAddress: string): boolean {
  const address = withoutMapping(remoteAddress);
  return isIP(address) !== 0 && networks.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** An address as it stands in a URL. */
export function urlHost(address: string): string {
  if (address === "0.0.0.0") {
    return "127.0.0.1";
  }
  if (address === "::") {
    return "[::1]";
  }
  return isIPv6(address) ? `[${address}]` : address;
}

/** IPv4 connections on an IPv6 socket come as `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2). */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
