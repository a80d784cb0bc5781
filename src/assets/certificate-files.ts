import type { KeyObject } from "node:crypto";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { invalidAsset } from "./invalid-asset.ts";

/** A certificate as it was read from a file, in PEM. */
export interface ReadCertificate {
  leaf: X509Certificate;
  /** The certificate, and after it those that it is issued by. */
  certificate: string;
  /** PKCS #8, not encrypted; null where there was none. */
  privateKey: string | null;
}

/**
 * Reads a certificate, with its key where there is one, from PEM.
 * @param password of an encrypted key
 * @throws UserError `invalid-asset`
 */
export function readPem(text: string, password: string | undefined): ReadCertificate {
  const blocks = blocksOf(text);
  const certificates = blocks
    .filter(({ label }) => /^((X509|TRUSTED) )?CERTIFICATE$/.test(label))
    .map(({ block }) => parsed(() => new X509Certificate(block), "/pem", "a certificate in it cannot be read"));
  const keys = blocks
    .filter(({ label }) => label.endsWith("PRIVATE KEY"))
    .map(({ block }) =>
      parsed(
        () => createPrivateKey({ key: block, ...(password !== undefined && { passphrase: password }) }),
        "/pem",
        "its private key cannot be read, or the password is not its",
      ),
    );
  return together(certificates, keys, "/pem");
}

/** The same from a PFX (PKCS #12). @throws UserError `invalid-asset` */
export async function readPfx(bytes: Uint8Array, password: string | undefined): Promise<ReadCertificate> {
  const { openPfx } = await import("./pfx.ts");
  const { certificates, keys } = parsed(
    () => openPfx(bytes, password ?? ""),
    "/pfx",
    "it is none, or the password is not its",
  );
  return together(
    certificates.map((der) => parsed(() => new X509Certificate(der), "/pfx", "a certificate in it cannot be read")),
    keys.map((der) => parsed(() => privateKeyOf(der), "/pfx", "its private key cannot be read")),
    "/pfx",
  );
}

/** SHA-1 as Windows shows it: 40 upper-case hexadecimal digits. */
export function thumbprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(":", "");
}

/** The blocks of a PEM file, in one look at its text. @throws UserError `invalid-asset` for one without an end */
function blocksOf(text: string): { label: string; block: string }[] {
  const begin = "-----BEGIN ";
  const blocks: { label: string; block: string }[] = [];
  for (let start = text.indexOf(begin); start >= 0; ) {
    const label = /^[A-Z0-9 ]{1,64}(?=-----)/.exec(text.slice(start + begin.length, start + 100))?.[0] ?? "";
    const end = `-----END ${label}-----`;
    const at = text.indexOf(end, start);
    if (label === "" || at < 0) {
      throw invalidAsset("/pem", "The certificate cannot be taken: a block in it has no end.");
    }
    blocks.push({ label, block: text.slice(start, at + end.length) });
    start = text.indexOf(begin, at);
  }
  return blocks;
}

function together(certificates: X509Certificate[], keys: KeyObject[], pointer: string): ReadCertificate {
  const [key, ...others] = keys;
  const leaf =
    key === undefined ? certificates[0] : certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (certificates.length === 0 || others.length > 0) {
    throw invalidAsset(pointer, certificates.length === 0 ? "There is no certificate in it." : "It has several keys.");
  }
  if (leaf === undefined) {
    throw invalidAsset(pointer, "The private key in it is not that of a certificate in it.");
  }
  if (![leaf.validFromDate, leaf.validToDate].every((date) => Number.isFinite(date.getTime()))) {
    throw invalidAsset(pointer, "The certificate in it does not say when it is valid.");
  }
  return {
    leaf,
    certificate: chainOf(leaf, certificates)
      .map((certificate) => certificate.toString())
      .join(""),
    privateKey: key === undefined ? null : key.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** The certificate, and those of the others that it is issued by, in order. */
function chainOf(leaf: X509Certificate, all: readonly X509Certificate[]): X509Certificate[] {
  const chain = [leaf];
  for (let last = leaf; ; ) {
    const issuer = all.find((certificate) => !chain.includes(certificate) && last.checkIssued(certificate));
    if (issuer === undefined) {
      return chain;
    }
    chain.push(issuer);
    last = issuer;
  }
}

function privateKeyOf(der: Uint8Array): KeyObject {
  const key = Buffer.from(der);
  try {
    return createPrivateKey({ key, format: "der", type: "pkcs8" });
  } catch {
    return createPrivateKey({ key, format: "der", type: "pkcs1" });
  }
}

function parsed<Result>(work: () => Result, pointer: string, fault: string): Result {
  try {
    return work();
  } catch {
    // The library's own words are about bytes, and may hold some.
    throw invalidAsset(pointer, `The certificate cannot be taken: ${fault}.`);
  }
}
