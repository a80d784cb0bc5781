import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ApprovalResource } from "../src/contract/api/job-step.ts";
import type { Page } from "../src/contract/api/page.ts";
import { must } from "../src/web/testing/rights-world.ts";
import { CalledRunbooks } from "./support/called-runbooks.ts";
import { skipUnless } from "./support/requires.ts";

describe("an approval is asked of somebody who is there", { ...skipUnless("bubblewrap"), timeout: 240_000 }, () => {
  let system: CalledRunbooks;
  before(async () => {
    system = await CalledRunbooks.start();
    await must(system.server, "POST", "/api/groups", { name: "Ops" }, 201);
  });
  after(() => system.close());

  const publish = (name: string, body: string) =>
    system.publish(name, `import { approval, step } from "runsmith"; export default async function () { ${body} }`);
  const toOf = async (jobId: string) => {
    await system.until(jobId, ({ status }) => status === "Suspended");
    const { body } = await system.server.call<Page<ApprovalResource>>("GET", "/api/approvals");
    return body.items.find((approval) => approval.jobId === jobId)?.to;
  };
  const approve = (jobId: string) =>
    must(system.server, "POST", `/api/jobs/${jobId}/approval`, { approved: true }, 202);

  test("in whatever case its name is written, with its kind or without, or of whoever may operate the runbook", async () => {
    for (const [to, shown] of [
      [`"ops"`, ["ops"]],
      [`["group:ops"]`, ["group:ops"]],
      [`[]`, null],
      [`undefined`, null],
    ] as const) {
      await publish("Asks", `return (await approval({ message: "Go?", to: ${to} })).approved;`);
      const jobId = await system.start("Asks");
      assert.deepEqual(await toOf(jobId), shown);
      await approve(jobId);
      assert.equal((await system.ended(jobId)).result, true);
    }
  });

  test("and else refused with what is wrong: the job fails, or asks others, also when it goes on", async () => {
    await publish("Nobody", `return await approval({ message: "Go?", to: ["ops", "nigthshift", ""] });`);
    const failed = await system.run("Nobody");
    assert.equal(failed.exception?.name, "RunbookError");
    assert.match(failed.exception?.message ?? "", /addressed to "nigthshift", "": there is no user, group .*get-user/);
    await publish(
      "Others",
      `let code;
      try { await approval({ message: "Go?", to: "nigthshift" }); } catch (error: any) { code = error.name; }
      await step("between", () => 1);
      return [code, (await approval({ message: "Go?", to: "ops" })).approved];`,
    );
    const jobId = await system.start("Others");
    assert.deepEqual(await toOf(jobId), ["ops"]);
    await approve(jobId);
    const job = await system.ended(jobId);
    assert.deepEqual(job.result, ["RunbookError", true], JSON.stringify(job.exception));
  });

  test("by scripts in PowerShell, too", skipUnless("pwsh"), async () => {
    await system.publishPowerShell(
      "Script",
      `try { Request-RunbookApproval 'Go?' -To nigthshift, ops } catch { $id = $_.FullyQualifiedErrorId; $text = "$_" }
      Invoke-RunbookStep between { 1 } | Out-Null
      $answer = Request-RunbookApproval 'Go?' -To $null
      "$id $($text -match 'addressed to "nigthshift":') $($answer.Approved)"`,
    );
    const jobId = await system.start("Script");
    assert.equal(await toOf(jobId), null);
    await approve(jobId);
    assert.equal((await system.ended(jobId)).status, "Completed");
    assert.deepEqual(await system.texts(jobId), ["approver-not-found True True"]);
  });
});
