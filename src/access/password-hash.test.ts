import assert from "node:assert/strict";
import { argon2Sync } from "node:crypto";
import { test } from "node:test";
import { hashPassword, isOutdated, isPassword } from "./password-hash.ts";

test("a password is known again by its argon2id hash, and no other is", async () => {
  const hash = await hashPassword("correct horse battery staple");
  assert.match(hash, /^\$argon2id\$v=19\$m=47104,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(hash, await hashPassword("correct horse battery staple"));
  assert.equal(await isPassword("correct horse battery staple", hash), true);
  assert.equal(await isPassword("correct horse battery stapler", hash), false);
  assert.equal(await isPassword("", hash), false);
});

test("a password that is typed on another keyboard is the same", async () => {
  assert.equal(await isPassword("cafe\u0301 au lait", await hashPassword("caf\u00e9 au lait")), true);
});

test("no password fits where there is no hash, nor where it cannot be read", async () => {
  for (const hash of [null, "", "$argon2id$v=19$m=47104,t=1,p=1$c2FsdA$short", "$2b$10$abcdefghijklmnopqrstuv"]) {
    assert.equal(await isPassword("anything", hash), false);
  }
});

test("a hash that was made by other parameters is read by them, and is to be renewed", async () => {
  const salt = Buffer.from("0123456789abcdef");
  const hash = argon2Sync("argon2id", {
    message: "an old password",
    nonce: salt,
    memory: 1024,
    passes: 2,
    parallelism: 1,
    tagLength: 32,
  });
  const text = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  const old = `$argon2id$v=19$m=1024,t=2,p=1$${text(salt)}$${text(hash)}`;
  assert.equal(await isPassword("an old password", old), true);
  assert.equal(isOutdated(old), true);
  assert.equal(isOutdated(await hashPassword("an old password")), false);
});

test("the thread that serves requests goes on while passwords are hashed", async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await Promise.all(Array.from({ length: 6 }, (_, index) => hashPassword(`password number ${index}`)));
  clearInterval(timer);
  assert.ok(turns >= 6, `${turns} turns of the event loop`);
});
