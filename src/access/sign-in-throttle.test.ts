import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SignInThrottle } from "./sign-in-throttle.ts";

function fail(throttle: SignInThrottle, account: string, address: string, times: number): void {
  for (let attempt = 0; attempt < times; attempt++) {
    assert.equal(throttle.begin(account, address), null, `${account} from ${address}, attempt ${attempt}`);
  }
}

test("ten wrong passwords of an account from one address make the eleventh wait, and no other account or address", () => {
  const throttle = new SignInThrottle();
  fail(throttle, "Ada", "192.0.2.1", 10);
  const wait = throttle.begin("ADA", "192.0.2.1");
  assert.ok(wait !== null && wait > 0 && wait <= 900);
  assert.equal(throttle.begin("Bob", "192.0.2.1"), null);
  assert.equal(throttle.begin("Ada", "192.0.2.2"), null);
});

test("a right password clears what went wrong before it", () => {
  const throttle = new SignInThrottle();
  fail(throttle, "Ada", "192.0.2.1", 9);
  assert.equal(throttle.begin("Ada", "192.0.2.1"), null);
  throttle.succeeded("Ada", "192.0.2.1");
  fail(throttle, "Ada", "192.0.2.1", 10);
});

test("an address that tries many accounts waits, and so does an account that many addresses try", () => {
  const throttle = new SignInThrottle();
  for (let account = 0; account < 100; account++) {
    fail(throttle, `user ${account}`, "192.0.2.1", 1);
  }
  assert.notEqual(throttle.begin("one more", "192.0.2.1"), null);
  for (let address = 0; address < 100; address++) {
    fail(throttle, "Ada", `198.51.100.${address}`, 1);
  }
  assert.notEqual(throttle.begin("Ada", "203.0.113.1"), null);
});

test("nobody is locked out by others where the account signed in before", () => {
  const throttle = new SignInThrottle();
  throttle.begin("Ada", "192.0.2.1");
  throttle.succeeded("Ada", "192.0.2.1");
  for (let address = 0; address < 100; address++) {
    fail(throttle, "Ada", `198.51.100.${address}`, 1);
  }
  assert.notEqual(throttle.begin("Ada", "203.0.113.1"), null);
  assert.equal(throttle.begin("Ada", "192.0.2.1"), null);
});

test("all addresses of a network of IPv6 count as one, and an address of IPv4 as itself however it is written", () => {
  const throttle = new SignInThrottle();
  fail(throttle, "Ada", "2001:db8:0:1::1", 5);
  fail(throttle, "Ada", "2001:0db8:0000:0001:ffff:1:2:3", 5);
  assert.notEqual(throttle.begin("Ada", "2001:db8:0:1:9::"), null);
  assert.equal(throttle.begin("Ada", "2001:db8:0:2::1"), null);
  fail(throttle, "Bob", "192.0.2.1", 5);
  fail(throttle, "Bob", "::ffff:192.0.2.1", 5);
  assert.notEqual(throttle.begin("Bob", "192.0.2.1"), null);
});

test("the wait is over when the window is", async () => {
  const throttle = new SignInThrottle(50);
  fail(throttle, "Ada", "192.0.2.1", 10);
  assert.equal(throttle.begin("Ada", "192.0.2.1"), 1);
  await sleep(60);
  assert.equal(throttle.begin("Ada", "192.0.2.1"), null);
});

test("guesses fill no memory: the oldest are forgotten", () => {
  const throttle = new SignInThrottle();
  fail(throttle, "Ada", "192.0.2.1", 10);
  for (let count = 0; count < 10_000; count++) {
    throttle.begin(`user ${count}`, `2001:db8:${(count >> 8).toString(16)}:${(count & 255).toString(16)}::`);
  }
  assert.equal(throttle.begin("Ada", "192.0.2.1"), null);
});
