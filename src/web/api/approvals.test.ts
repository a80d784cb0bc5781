import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../../contract/api/job.ts";
import type { ApprovalResource } from "../../contract/api/job-step.ts";
import type { Page } from "../../contract/api/page.ts";
import type { JournalItem } from "../../contract/journal.ts";
import { must } from "../testing/rights-world.ts";
import { ScriptedWorker } from "../testing/scripted-worker.ts";
import { TestServer } from "../testing/test-server.ts";

const source = Buffer.from("1\n").toString("base64");

describe("open approvals", () => {
  let server: TestServer;
  let worker: ScriptedWorker;

  before(async () => {
    server = await TestServer.start();
    worker = await ScriptedWorker.connect(server);
    for (const folder of ["inside", "outside"]) {
      await must(server, "POST", "/api/folders", { name: folder }, 201);
      const runbook = { name: `asks-${folder}`, kind: "PowerShell", source, folder, publish: true };
      await must(server, "POST", "/api/runbooks", runbook, 201);
    }
  });
  after(async () => {
    await worker.close();
    await server.close();
  });

  async function person(name: string, role: string): Promise<string> {
    const { principalId } = await must<{ principalId: string }>(
      server,
      "POST",
      "/api/service-principals",
      { name },
      201,
    );
    await must(server, "POST", "/api/rights", { principal: principalId, role, on: "folder:inside" }, 201);
    return (await must<{ token: string }>(server, "POST", "/api/tokens", { name: "test", principal: principalId }, 201))
      .token;
  }

  async function ask(runbook: string, message: string, to?: string[]): Promise<string> {
    const { jobId } = await must<{ jobId: string }>(server, "POST", "/api/jobs", { runbook }, 201);
    const job = await worker.nextJob();
    await worker.append(job, [], "Suspended", [waitFor(message, to)]);
    return jobId;
  }

  function waitFor(message: string, to?: string[]): JournalItem {
    const wait = { message, until: Date.now() + 3_600_000, ...(to !== undefined && { to }) };
    const entry = {
      key: "approval#1",
      kind: "approval",
      name: message,
      branch: "",
      startedAt: Date.now(),
      endedAt: null,
    };
    return {
      sequence: 1,
      entry: { ...entry, kind: "approval" as const, wait },
      shown: { name: message, message },
    };
  }

  const jobOf = async (jobId: string) => (await server.call<JobResource>("GET", `/api/jobs/${jobId}`)).body;

  const open = async (token: string, limit = 50) => {
    const items: ApprovalResource[] = [];
    let next: string | null = "";
    while (next !== null) {
      const path = `/api/approvals?limit=${limit}${next === "" ? "" : `&after=${next}`}`;
      const page: Page<ApprovalResource> = (await server.call<Page<ApprovalResource>>("GET", path, { token })).body;
      items.push(...page.items);
      ({ next } = page);
    }
    return items.map(({ message }) => message);
  };

  test("are listed for who may answer them, the oldest first and page by page, until they are answered or their job has ended", async () => {
    const operator = await person("olga", "operator");
    const reader = await person("rita", "reader");
    const first = await ask("asks-inside", "first");
    const forRita = await ask("asks-inside", "for rita", ["rita"]);
    const stopped = await ask("asks-inside", "stopped");
    await ask("asks-outside", "outside", ["rita"]);
    assert.deepEqual(await open(operator), ["first", "for rita", "stopped"]);
    assert.deepEqual(await open(operator, 1), ["first", "for rita", "stopped"]);
    assert.deepEqual(await open(reader), ["for rita"]);
    const { body } = await server.call<Page<ApprovalResource>>("GET", "/api/approvals", { token: reader });
    assert.deepEqual(
      [body.items[0]?.jobId, body.items[0]?.to, body.items[0]?.runbookName],
      [forRita, ["rita"], "asks-inside"],
    );
    await must(server, "POST", `/api/jobs/${stopped}/stop`, {}, 202);
    await must(server, "POST", `/api/jobs/${first}/approval`, { approved: true, reason: "" }, 202);
    assert.deepEqual(await open(operator), ["for rita"]);
    // The answered one goes on.
    assert.equal((await worker.nextJob()).jobId, first);
  });

  test("say in the job's reason what is waited for; who resumes or suspends such a job is told the way, and it stays as it is", async () => {
    const jobId = await ask("asks-inside", "Upgrade web1?", ["ops"]);
    const before = await jobOf(jobId);
    assert.equal(before.statusReason, 'waits for an approval: "Upgrade web1?" (asked of ops)');
    const resumed = await server.call("POST", `/api/jobs/${jobId}/resume`);
    assert.deepEqual([resumed.status, resumed.body.type.split("/").at(-1)], [409, "waits-for-approval"]);
    assert.match(
      resumed.body.detail ?? "",
      /The job waits for an approval: "Upgrade web1\?" \(asked of ops\)\. Resumed, it would only wait again/,
    );
    assert.equal(resumed.body.remedy, `Answer it: npx runsmith approve ${jobId} or npx runsmith reject ${jobId}`);
    const suspended = await server.call("POST", `/api/jobs/${jobId}/suspend`);
    assert.match(suspended.body.remedy ?? "", /suspended already.*resume-job/);
    assert.deepEqual(await jobOf(jobId), before);
    await must(server, "POST", `/api/jobs/${jobId}/stop`, {}, 202);
    const ended = await server.call("POST", `/api/jobs/${jobId}/suspend`);
    assert.equal(ended.status, 409);
    assert.match(ended.body.remedy ?? "", new RegExp(`is over; npx runsmith restart-job ${jobId} `));
  });

  test("that are not there are told: the job is none, it waits for none, or somebody has answered", async () => {
    const refused = async (jobId: string) => {
      const { body } = await server.call("POST", `/api/jobs/${jobId}/approval`, { body: { approved: true } });
      return `${body.type.split("/").at(-1)} ${body.detail}`;
    };
    assert.match(await refused("01a22b47-68c6-77fe-885f-a31fee274d00"), /^job-not-found /);
    const jobId = await ask("asks-inside", "Once?");
    await must(server, "POST", `/api/jobs/${jobId}/approval`, { approved: false }, 202);
    await worker.append(await worker.nextJob(), [], "Completed");
    assert.equal(
      await refused(jobId),
      "approval-not-found The job waits for no approval: it is Completed. The last one was rejected by administrator.",
    );
  });

  test("do not hinder that a person's own suspension of the job is resumed", async () => {
    const { jobId } = await must<{ jobId: string }>(server, "POST", "/api/jobs", { runbook: "asks-inside" }, 201);
    const running = await worker.nextJob();
    await must(server, "POST", `/api/jobs/${jobId}/suspend`, {}, 202);
    await worker.append(running, [], "Suspended", [waitFor("web2?")]);
    const { statusReason } = await jobOf(jobId);
    assert.match(statusReason ?? "", /^suspended, asked by .*; waits for an approval: "web2\?"$/);
    await must(server, "POST", `/api/jobs/${jobId}/resume`, {}, 202);
    await worker.append(await worker.nextJob(), [], "Completed");
  });

  test("are listed for each member of the groups that they are addressed to", async () => {
    const member = await person("mona", "reader");
    const stranger = await person("stan", "reader");
    for (const name of ["Approvers", "Auditors"]) {
      await must(server, "POST", "/api/groups", { name }, 201);
      await must(server, "PUT", `/api/groups/${name}/members/service-principal:mona`, {}, 204);
    }
    for (const to of ["approvers", "Auditors", "Approvers"]) await ask("asks-inside", `for ${to}`, [to, "nobody"]);
    assert.deepEqual(await open(member), ["for approvers", "for Auditors", "for Approvers"]);
    assert.deepEqual(await open(stranger), []);
  });
});
