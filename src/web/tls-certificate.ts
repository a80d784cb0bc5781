import { X509Certificate } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { ServerOptions } from "../contract/server-options.ts";
import { UserError } from "../contract/user-error.ts";
import { isLoopback } from "./listen-address.ts";

export interface TlsCertificate {
  certificate: string;
  key: string;
  /** The file to trust, when the certificate is self-signed. */
  caFile: string | null;
}

const validDays = 825;
const renewBefore = 30 * 86_400_000;

/**
 * The certificate that the options ask for; null for plain HTTP.
 * @throws UserError `invalid-tls-options`, `tls-file-unreadable`, `tls-files-unusable`
 */
export async function tlsCertificate(options: ServerOptions): Promise<TlsCertificate | null> {
  const { tlsCertificateFile, tlsKeyFile, tls } = options;
  if ((tlsCertificateFile === undefined) !== (tlsKeyFile === undefined)) {
    throw new UserError("invalid-tls-options", "A certificate needs its key, and a key its certificate.", {
      remedy: "Give both --tls-cert and --tls-key.",
    });
  }
  if (tlsCertificateFile !== undefined && tlsKeyFile !== undefined) {
    if (tls !== undefined) {
      throw new UserError("invalid-tls-options", "A certificate was given, and a self-signed one asked for.", {
        remedy: "Give either --tls-cert and --tls-key, or --tls self-signed.",
      });
    }
    const certificate = await readPem(tlsCertificateFile);
    const key = await readPem(tlsKeyFile);
    checkPair(certificate, key, tlsCertificateFile, tlsKeyFile);
    return { certificate, key, caFile: null };
  }
  return tls === "self-signed" ? selfSigned(options.dataDirectory, options.listen) : null;
}

/** Kept from start to start, so that whoever trusts it once need not do so again. */
async function selfSigned(dataDirectory: string, listen: string | undefined): Promise<TlsCertificate> {
  const certificateFile = join(dataDirectory, "self-signed.crt");
  const keyFile = join(dataDirectory, "self-signed.key");
  const names = ["localhost", hostname()];
  const addresses = ["127.0.0.1", "::1", ...(listen !== undefined && isNamedAddress(listen) ? [listen] : [])];
  try {
    const certificate = await readFile(certificateFile, "utf8");
    const key = await readFile(keyFile, "utf8");
    if (serves(new X509Certificate(certificate), names, addresses)) {
      return { certificate, key, caFile: certificateFile };
    }
  } catch {
    // Not there yet, or not readable as a certificate: a new one takes its place.
  }
  const { generate } = await import("selfsigned");
  const now = Date.now();
  const made = await generate([{ name: "commonName", value: hostname() }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    // A little in the past, for clients whose clocks are behind.
    notBeforeDate: new Date(now - 3_600_000),
    notAfterDate: new Date(now + validDays * 86_400_000),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          ...addresses.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  await writeFile(keyFile, made.private, { mode: 0o600 });
  await chmod(keyFile, 0o600);
  await writeFile(certificateFile, made.cert, { mode: 0o644 });
  return { certificate: made.cert, key: made.private, caFile: certificateFile };
}

function serves(certificate: X509Certificate, names: readonly string[], addresses: readonly string[]): boolean {
  return (
    Date.parse(certificate.validTo) - Date.now() > renewBefore &&
    names.every((name) => certificate.checkHost(name) !== undefined) &&
    addresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}

function isNamedAddress(listen: string): boolean {
  return !isLoopback(listen) && listen !== "0.0.0.0" && listen !== "::";
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UserError("tls-file-unreadable", `${file} cannot be read: ${(error as Error).message}.`, {
      remedy: "Check the path, and that the server's account may read the file.",
      cause: error,
    });
  }
}

function checkPair(cert: string, key: string, certificateFile: string, keyFile: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new UserError(
      "tls-files-unusable",
      `${certificateFile} and ${keyFile} do not serve for TLS: ${(error as Error).message}.`,
      { remedy: "Give a PEM certificate chain and the unencrypted PEM key that belongs to it.", cause: error },
    );
  }
}
