import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { generate } from "selfsigned";
import { readMailSettings } from "./mail-settings.ts";
import { startNoticeService, temporaryFolder } from "./testing/notice-service.ts";
import { startMailServer } from "./testing/receivers.ts";

const ann = { changedBy: "ann" };

test("a failed job is mailed to all recipients, over an encrypted and authenticated connection", async (test) => {
  const folder = temporaryFolder(test);
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  const server = await startMailServer(test, { key, cert, password: "correct" });
  writeFileSync(join(folder, "ca.pem"), cert);
  writeFileSync(join(folder, "password"), "correct\n");
  const file = join(folder, "mail.yaml");
  writeFileSync(
    file,
    `host: localhost\nport: ${server.port}\nuser: runsmith\npasswordFile: password\ncaFile: ca.pem\nfrom: Runsmith <rs@example.org>\n`,
  );
  const service = await startNoticeService(test, { mail: await readMailSettings(file) });
  await service.addRunbook("Deploy");
  const target = { kind: "mail", recipients: ["a@example.org", "b@example.org"] } as const;
  await service.notices.createRule({ name: "ops", target: { ...target, recipients: [...target.recipients] }, ...ann });
  const jobId = await service.fail("Deploy", "Subject: trick\r\nBcc: c@example.org");
  const [notice] = await service.untilNotices(1, "delivered");
  const [mail = assert.fail(), ...others] = server.mails;
  assert.deepEqual(others, []);
  assert.deepEqual(mail.to, ["a@example.org", "b@example.org"]);
  assert.equal(mail.from, "rs@example.org");
  assert.equal(mail.secure, true);
  assert.equal(mail.user, "runsmith");
  const [head = "", body = ""] = mail.text.split("\r\n\r\n", 2);
  assert.match(head, /^Subject: Runsmith: Deploy: job failed\r$/m);
  assert.match(head, new RegExp(`^Message-ID:\\s+<${notice?.noticeId}@`, "m"));
  assert.match(head, /^Auto-Submitted: auto-generated\r$/m);
  assert.doesNotMatch(head, /^Bcc:/m);
  assert.ok(body.includes(jobId));

  writeFileSync(join(folder, "password"), "another-one");
  const failed = await service.notices.testRule("ops");
  assert.equal(failed.status, "given-up");
  const [delivery] = (await service.notices.listDeliveries(failed.noticeId)).items;
  assert.equal(delivery?.statusCode, 535);
  assert.ok(!JSON.stringify(delivery).includes("another-one"), "no password is told");
});

test("a recipient that the mail server refuses makes the attempt a failure that says so", async (test) => {
  const server = await startMailServer(test, { disabledCommands: ["AUTH"], refuse: "gone@example.org" });
  const mail = {
    host: "127.0.0.1",
    port: server.port,
    security: "none",
    user: null,
    passwordFile: null,
    caFile: null,
    from: "rs@example.org",
  } as const;
  const service = await startNoticeService(test, { mail });
  const recipients = ["a@example.org", "gone@example.org"];
  await service.notices.createRule({ name: "ops", target: { kind: "mail", recipients }, ...ann });
  const notice = await service.notices.testRule("ops");
  assert.equal(notice.status, "given-up");
  assert.match(notice.reason ?? "", /refused 1 of 2 recipients/);
});

test("a mail server that is not there, or asks for encryption it does not have, is a failure with the reason", async (test) => {
  const server = await startMailServer(test, { hideSTARTTLS: true, disabledCommands: ["STARTTLS"] });
  const settings = { host: "127.0.0.1", user: null, passwordFile: null, caFile: null, from: "rs@example.org" };
  for (const { port, reason } of [
    { port: server.port, reason: /STARTTLS|TLS/ },
    { port: 1, reason: /ECONNREFUSED|connect/ },
  ]) {
    const service = await startNoticeService(test, { mail: { ...settings, port, security: "starttls" } });
    await service.notices.createRule({ name: "ops", target: { kind: "mail", recipients: ["a@b.c"] }, ...ann });
    const notice = await service.notices.testRule("ops");
    assert.equal(notice.status, "given-up");
    assert.match(notice.reason ?? "", reason);
  }
  assert.deepEqual(server.mails, [], "nothing went unencrypted");
});

test("mail settings that are unreadable, incomplete or unsafe are refused with what is wrong", async (test) => {
  const folder = temporaryFolder(test);
  const read = (text: string) => {
    writeFileSync(join(folder, "mail.yaml"), text);
    return readMailSettings(join(folder, "mail.yaml"));
  };
  await assert.rejects(readMailSettings(join(folder, "absent")), { code: "mail-settings-unreadable" });
  await assert.rejects(read("host: [\n"), { code: "mail-settings-unreadable" });
  await assert.rejects(read("host: x\n"), { code: "mail-settings-invalid" });
  await assert.rejects(read("host: x\nfrom: a@b\npassword: secret\n"), { code: "mail-settings-invalid" });
  await assert.rejects(read("host: x\nfrom: a@b\nuser: me\n"), { code: "mail-settings-invalid" });
  await assert.rejects(read("host: mail.example.org\nfrom: a@b\nsecurity: none\n"), { code: "mail-settings-invalid" });
  assert.equal((await read('{"host": "localhost", "from": "a@b", "security": "tls"}')).port, 465);
});

test("a rule for mail is refused where the service cannot send any", async (test) => {
  const service = await startNoticeService(test);
  const target = { kind: "mail", recipients: ["a@b.c"] } as { kind: "mail"; recipients: string[] };
  await assert.rejects(service.notices.createRule({ name: "ops", target, ...ann }), { code: "mail-not-configured" });
});
