import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { checkListenAddress, comesFrom, isLoopback, proxyNetworks, urlHost } from "./listen-address.ts";

test("only loopback may be listened on without TLS or a proxy", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) {
    checkListenAddress(address, false, false);
  }
  for (const address of ["0.0.0.0", "::", "192.168.1.5", "2001:db8::1"]) {
    assert.throws(() => checkListenAddress(address, false, false), UserError);
    checkListenAddress(address, true, false);
    checkListenAddress(address, false, true);
  }
});

test("an IPv4 caller on an IPv6 socket is told apart by its IPv4 address", () => {
  assert.ok(isLoopback("::ffff:127.0.0.1"));
  assert.ok(!isLoopback("::ffff:10.0.0.1"));
  const networks = proxyNetworks(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]);
  assert.ok(comesFrom(networks, "::ffff:10.1.2.3"));
  assert.ok(comesFrom(networks, "2001:db8:5::1"));
  assert.ok(comesFrom(networks, "192.0.2.7"));
  assert.ok(!comesFrom(networks, "192.0.2.8"));
  assert.ok(!comesFrom(networks, "11.0.0.1"));
  assert.ok(!comesFrom(networks, ""));
});

test("a network that is none is refused", () => {
  for (const network of ["", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/8/8", "::/129", "proxy.example"]) {
    assert.throws(() => proxyNetworks([network]), UserError, network);
  }
});

test("the server's address is one that a client on the machine can use", () => {
  assert.equal(urlHost("0.0.0.0"), "127.0.0.1");
  assert.equal(urlHost("::"), "[::1]");
  assert.equal(urlHost("2001:db8::1"), "[2001:db8::1]");
});
