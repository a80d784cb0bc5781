import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import forge from "node-forge";
import { readPem, readPfx, thumbprintOf } from "./certificate-files.ts";
import { ellipticPfx } from "./testing/elliptic-certificate.ts";

const elliptic = Buffer.from(ellipticPfx, "base64");

function makeRsa(subject: string, issuer?: { subject: string; key: forge.pki.rsa.PrivateKey }) {
  const keys = forge.pki.rsa.generateKeyPair(1024);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = "01";
  certificate.validity.notBefore = new Date("2026-01-01T00:00:00Z");
  certificate.validity.notAfter = new Date("2036-01-01T00:00:00Z");
  certificate.setSubject([{ name: "commonName", value: subject }]);
  certificate.setIssuer([{ name: "commonName", value: issuer?.subject ?? subject }]);
  certificate.sign(issuer?.key ?? keys.privateKey, forge.md.sha256.create());
  return { certificate, key: keys.privateKey, pem: forge.pki.certificateToPem(certificate) };
}

test("a PFX of an elliptic key is opened by its password, and by no other", async () => {
  const { leaf, certificate, privateKey } = await readPfx(elliptic, "sesame");
  assert.equal(leaf.subject, "CN=signing\nO=Example");
  assert.ok(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey ?? "")));
  assert.match(thumbprintOf(leaf), /^[0-9A-F]{40}$/);
  for (const wrong of ["Sesame", "", undefined]) {
    await assert.rejects(readPfx(elliptic, wrong), { code: "invalid-asset", status: 422 });
  }
  await assert.rejects(readPfx(Buffer.from("no PFX"), "sesame"), { code: "invalid-asset" });
});

test("a PFX as Windows exports it is opened, old and new encryption, with the certificates that it is issued by", async () => {
  const authority = makeRsa("authority");
  const own = makeRsa("server", { subject: "authority", key: authority.key });
  for (const algorithm of ["3des", "aes256"] as const) {
    const pfx = forge.pkcs12.toPkcs12Asn1(own.key, [authority.certificate, own.certificate], "sesame", { algorithm });
    const read = await readPfx(Buffer.from(forge.asn1.toDer(pfx).getBytes(), "binary"), "sesame");
    assert.equal(read.leaf.subject, "CN=server");
    const chain = read.certificate.match(/-----BEGIN CERTIFICATE-----/g);
    assert.equal(chain?.length, 2);
    assert.ok(read.leaf.checkPrivateKey(createPrivateKey(read.privateKey ?? "")));
  }
});

test("a PEM file is read in any order, with an encrypted key, or without one", () => {
  const [one, other] = [makeRsa("one"), makeRsa("other")];
  const key = createPrivateKey(forge.pki.privateKeyToPem(one.key));
  const encrypted = key
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "sesame" })
    .toString();
  const read = readPem(`Bag Attributes\n${other.pem}\n${encrypted}\n${one.pem}`, "sesame");
  assert.equal(read.leaf.subject, "CN=one");
  assert.match(read.privateKey ?? "", /BEGIN PRIVATE KEY/);
  assert.equal(readPem(one.pem, undefined).privateKey, null);
  const refused = { code: "invalid-asset" };
  assert.throws(() => readPem(`${encrypted}\n${one.pem}`, undefined), refused);
  assert.throws(() => readPem(`${encrypted}\n${one.pem}`, "wrong"), refused);
  assert.throws(() => readPem(`${encrypted}\n${other.pem}`, "sesame"), { message: /is not that of a certificate/ });
  assert.throws(() => readPem("-----BEGIN CERTIFICATE-----\n".repeat(20_000), undefined), { message: /has no end/ });
  assert.throws(() => readPem("nothing", undefined), { message: /no certificate/ });
});
