import assert from "node:assert/strict";
import { test } from "node:test";
import type { UserError } from "../contract/user-error.ts";
import { newMasterKey, parseMasterKeys } from "./master-key.ts";
import type { SealedPlace } from "./sealed-place.ts";
import { masterKeyIdOf, sealedOverhead } from "./sealed-value.ts";
import { KeySealer } from "./sealer.ts";

const installation = "0190a0a0-0000-7000-8000-000000000001";
const place: SealedPlace = {
  table: "assets",
  column: "sealed",
  rowId: "0190a0a0-0000-7000-8000-00000000000a",
  version: 3,
};
const secret = Buffer.from("correct horse battery staple");

function keys(count: number) {
  const text = Array.from({ length: count }, newMasterKey).join("\n");
  return parseMasterKeys(text, "the test");
}

function sealerOf(count = 1, installationId = installation) {
  const [current, ...others] = keys(count);
  assert.ok(current);
  const readable = new Map([current, ...others].map((key) => [key.id, key]));
  return new KeySealer(installationId, { readable, current, retired: new Set() }, Buffer.alloc(32, 1));
}

const altered = { code: "sealed-value-altered", status: 500 };

test("a sealed value opens in its place, and holds nothing of the secret", () => {
  const sealer = sealerOf();
  const sealed = sealer.seal(secret, place);
  assert.deepEqual(Buffer.from(sealer.open(sealed, place)), secret);
  assert.equal(sealed.length, secret.length + sealedOverhead);
  assert.equal(Buffer.from(sealed).includes(secret.subarray(0, 4)), false);
  assert.equal(masterKeyIdOf(sealed), sealer.keys.current.id);
  assert.notDeepEqual(sealer.seal(secret, place), sealed);
  assert.deepEqual(Buffer.from(sealer.open(sealer.seal(Buffer.alloc(0), place), place)), Buffer.alloc(0));
});

test("a sealed value of which any bit was changed is recognised", () => {
  const sealer = sealerOf();
  const sealed = sealer.seal(secret, place);
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
    assert.throws(
      () => sealer.open(changed, place),
      (error: UserError) => {
        // Within the id of the key it is another key's, which nobody has.
        assert.match(error.code, index >= 1 && index < 9 ? /^master-key-missing$/ : /^sealed-value-altered$/);
        return true;
      },
    );
  }
});

test("a sealed value that was cut, or got something more, is recognised", () => {
  const sealer = sealerOf();
  const sealed = Buffer.from(sealer.seal(secret, place));
  for (let length = 0; length < sealed.length; length += 1) {
    assert.throws(() => sealer.open(sealed.subarray(0, length), place), altered, String(length));
  }
  assert.throws(() => sealer.open(Buffer.concat([sealed, Buffer.of(0)]), place), altered);
});

test("a sealed value of another row, column, table, installation, or an older version, is recognised", () => {
  const sealer = sealerOf();
  const sealed = sealer.seal(secret, place);
  const others: SealedPlace[] = [
    { ...place, rowId: "0190a0a0-0000-7000-8000-00000000000b" },
    { ...place, column: "other" },
    { ...place, table: "other" },
    { ...place, version: 4 },
  ];
  for (const other of others) {
    assert.throws(() => sealer.open(sealed, other), altered);
    assert.throws(() => sealer.open(sealer.seal(secret, other), place), altered);
  }
  const elsewhere = new KeySealer("0190a0a0-0000-7000-8000-000000000002", sealer.keys, Buffer.alloc(32, 1));
  assert.throws(() => elsewhere.open(sealed, place), altered);
});

test("a value wrapped by a new key opens by it, stays bound to its place, and is let alone once it is", () => {
  const before = sealerOf(2);
  const [, next] = before.keys.readable.values();
  assert.ok(next);
  const sealed = before.seal(secret, place);
  const after = new KeySealer(installation, { ...before.keys, current: next }, Buffer.alloc(32, 1));
  assert.deepEqual(Buffer.from(after.open(sealed, place)), secret);
  const rewrapped = after.rewrap(sealed, place);
  assert.ok(rewrapped);
  assert.equal(masterKeyIdOf(rewrapped), next.id);
  assert.equal(after.rewrap(rewrapped, place), null);
  assert.throws(() => after.rewrap(sealed, { ...place, version: 4 }), altered);
  const alone = { readable: new Map([[next.id, next]]), current: next, retired: new Set([before.keys.current.id]) };
  const later = new KeySealer(installation, alone, Buffer.alloc(32, 1));
  assert.deepEqual(Buffer.from(later.open(rewrapped, place)), secret);
  assert.throws(() => later.open(sealed, place), altered);
});

test("a key that is retired while a value is on its way opens it still, for a while", () => {
  const [former, next] = keys(2);
  assert.ok(former && next);
  const readable = new Map([former, next].map((key) => [key.id, key]));
  const sealers = [0, 60_000].map(
    (grace) => new KeySealer(installation, { readable, current: former, retired: new Set() }, Buffer.alloc(32), grace),
  );
  for (const [index, sealer] of sealers.entries()) {
    const sealed = sealer.seal(secret, place);
    sealer.use({ readable, current: next, retired: new Set([former.id]) });
    if (index === 0) assert.throws(() => sealer.open(sealed, place), altered);
    else assert.deepEqual(Buffer.from(sealer.open(sealed, place)), secret);
  }
});

test("a value sealed by a key that a service lacks is refused with the key's id", () => {
  const [one, other] = [sealerOf(), sealerOf()];
  const { id } = one.keys.current;
  assert.throws(() => other.open(one.seal(secret, place), place), {
    code: "master-key-missing",
    message: new RegExp(id),
  });
});

test("keys derived for two purposes differ, and do not change with the master key", () => {
  const [one, other] = [sealerOf(), sealerOf()];
  assert.deepEqual(one.deriveKey("audit"), other.deriveKey("audit"));
  assert.notDeepEqual(one.deriveKey("audit"), one.deriveKey("sessions"));
  assert.equal(one.deriveKey("audit").length, 32);
});

test("master keys are read in base64 and hexadecimal digits, and nothing else is taken for one", () => {
  const bytes = Buffer.alloc(32, 7);
  const texts = [bytes.toString("base64"), bytes.toString("hex"), bytes.toString("base64url")];
  const [first, ...others] = parseMasterKeys(`# made by hand\n${texts.join("\n")}\n`, "the test");
  assert.match(first?.id ?? "", /^[0-9a-f]{16}$/);
  assert.deepEqual(
    others.map(({ id }) => id),
    [first?.id, first?.id],
  );
  for (const wrong of ["", "# nothing", "password", bytes.subarray(1).toString("base64"), `${texts[1]}00`]) {
    assert.throws(() => parseMasterKeys(wrong, "the test"), { code: "master-key-invalid" }, wrong);
  }
});
