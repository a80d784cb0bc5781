import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CalledRunbooks } from "./support/called-runbooks.ts";
import { skipUnless } from "./support/requires.ts";

const adds = `export default async function ({ a, b = 1 }: { a: number; b?: number }) { console.log("adding", a, b); return { sum: a + b }; }`;

describe("a runbook in TypeScript", { ...skipUnless("bubblewrap"), timeout: 120_000 }, () => {
  let system: CalledRunbooks;
  before(async () => {
    system = await CalledRunbooks.start();
    await system.publish("Add", adds);
  });
  after(() => system.close());

  const calls = (name: string, body: string) =>
    system.publish(
      name,
      `import { runbook, startRunbook, step, RunbookError } from "runsmith"; export default async function (given: any) { ${body} }`,
    );

  test("calls another within itself: its output is written here, its result comes back", async () => {
    await calls(
      "Caller",
      `const { sum } = await runbook<{ sum: number }>("add", { a: 2 }); console.log("got", sum); return sum;`,
    );
    const job = await system.run("Caller");
    assert.deepEqual([job.status, job.result], ["Completed", 3], JSON.stringify(job.exception));
    assert.deepEqual(await system.texts(job.jobId), ["adding 2 1", "got 3", "3"]);
    assert.deepEqual(await system.children(job.jobId), []);
  });

  test("starts another as a job, waits for it, and reads what it wrote", async () => {
    await calls(
      "Starter",
      `
      const job = await startRunbook("Add", { a: 4, b: 5 });
      const { status, result } = await job.wait({ timeout: 30_000 });
      return { id: job.id, status, result, output: (await job.output()).map(({ text }) => text) };`,
    );
    const job = await system.run("Starter");
    assert.equal(job.status, "Completed", JSON.stringify(job.exception));
    const [child] = await system.children(job.jobId);
    assert.deepEqual(job.result, {
      id: child?.jobId,
      status: "Completed",
      result: { sum: 9 },
      output: ["adding 4 5", "{ sum: 9 }"],
    });
    assert.equal(child?.parentJobId, job.jobId);
  });

  test("that names another badly is told so, and its worker keeps its link", async () => {
    await calls(
      "Careless",
      `
      const said: string[] = [];
      for (const start of [() => runbook("x".repeat(300)), () => runbook(""), () => startRunbook("Add", {}, { runOn: "x".repeat(300) }), () => step("x".repeat(9_000), () => startRunbook("Add", { a: 1 }))])
        try { await start(); } catch (error) { said.push((error as { code: string }).code); }
      return said;`,
    );
    const job = await system.run("Careless");
    assert.deepEqual([job.status, job.attempt], ["Completed", 1], JSON.stringify(job.exception));
    assert.ok(
      (job.result as string[]).every((code) => code === "request-refused"),
      JSON.stringify(job.result),
    );
    assert.ok((job.result as string[]).length >= 3, JSON.stringify(job.result));
  });
});

describe("a runbook in PowerShell", { ...skipUnless("bubblewrap", "pwsh"), timeout: 240_000 }, () => {
  let system: CalledRunbooks;
  before(async () => {
    system = await CalledRunbooks.start();
    await system.publishPowerShell(
      "Get-Sum",
      `param([Parameter(Mandatory)][int] $A, [int] $B = 1)\nWrite-Warning "adding $A $B"\n[pscustomobject]@{ Sum = $A + $B }`,
    );
    await system.publish("Add", adds);
  });
  after(() => system.close());

  test("calls another by its name, as a file beside it, and by a name that is put together", async () => {
    await system.publishPowerShell(
      "Caller",
      `
      (Get-Sum -A 2 -B 3).Sum
      (& "$PSScriptRoot/Get-Sum.ps1" -A 4).Sum
      (./Get-Sum.ps1 -A 5).Sum
      (.\\Get-Sum.ps1 -A 6).Sum
      $name = 'Get-' + 'Sum'
      (& $name -A 7).Sum`,
    );
    const job = await system.run("Caller");
    assert.equal(job.status, "Completed", JSON.stringify([job.exception, await system.records(job.jobId)]));
    assert.deepEqual(await system.texts(job.jobId), ["5", "5", "6", "7", "8"]);
    assert.equal((await system.texts(job.jobId, "Warning"))[0], "adding 2 3");
    assert.deepEqual(await system.children(job.jobId), []);
  });

  test("starts another as a job with SMA's commands, and reads what became of it", async () => {
    await system.publishPowerShell(
      "Starter",
      `
      $id = Start-SmaRunbook -WebServiceEndpoint 'https://localhost' -Name Get-Sum -Parameters @{ A = 1; B = 2 }
      $id.GetType().Name
      do { $job = Get-SmaJob -WebServiceEndpoint 'https://localhost' -Id $id } until ($job.JobStatus -in 'Completed', 'Failed')
      $job.JobStatus
      $job.RunbookName
      (Get-SmaJobOutput -Id $id -Stream Warning).StreamText
      Start-AutomationRunbook -Name Get-Sum -Parameters @{ A = 3 } -Wait | ForEach-Object Sum
      (Wait-AutomationJob -Id (Start-AutomationRunbook -Name Get-Sum -Parameters @{ A = 3 })).JobStatus`,
    );
    const job = await system.run("Starter");
    assert.equal(job.status, "Completed", JSON.stringify([job.exception, await system.records(job.jobId)]));
    assert.deepEqual(await system.texts(job.jobId), ["Guid", "Completed", "Get-Sum", "adding 1 2", "4", "Completed"]);
    assert.equal((await system.children(job.jobId)).length, 3);
  });

  test("calls one in TypeScript, and is called by one: results come back, failures are thrown, other streams pass through", async () => {
    await system.publishPowerShell(
      "Across",
      `$answer = Add -a 20 -b 22\n"sum $($answer.sum)"\ntry { Add -a none } catch { "refused: $($_.FullyQualifiedErrorId)" }`,
    );
    const job = await system.run("Across");
    assert.equal(job.status, "Completed", JSON.stringify([job.exception, await system.records(job.jobId)]));
    assert.deepEqual(await system.texts(job.jobId), [
      "adding 20 22",
      "sum 42",
      "refused: invalid-parameters,Runsmith.PowerShellHost.InvokeRunbookCommand",
    ]);

    await system.publishPowerShell("Fails", `Write-Warning 'soon'\n'before'\nthrow 'on purpose'`);
    await system.publish(
      "Back",
      `import { runbook } from "runsmith"; export default async function () {
      const sums = await runbook("Get-Sum", { a: 1, B: 2 });
      try { await runbook("Fails"); } catch (error: any) { return { sums, code: error.code, message: error.message, cause: error.cause.message }; }
    }`,
    );
    const back = await system.run("Back");
    assert.deepEqual(
      back.result,
      {
        sums: [{ Sum: 3 }],
        code: "runbook-failed",
        message: "The runbook Fails failed: on purpose",
        cause: "on purpose",
      },
      JSON.stringify([back.exception, await system.records(back.jobId)]),
    );
    assert.deepEqual(await system.texts(back.jobId, "Warning"), ["adding 1 2", "soon"]);
    assert.deepEqual(
      (await system.children(back.jobId)).map(({ runbookName }) => runbookName),
      ["Get-Sum", "Fails"],
    );
  });
});

describe("a workflow runbook", { ...skipUnless("bubblewrap", "pwsh"), timeout: 240_000 }, () => {
  let system: CalledRunbooks;
  before(async () => {
    system = await CalledRunbooks.start();
  });
  after(() => system.close());

  test("has the workflow runbooks that it calls within itself, and goes on within them after its worker was killed", async () => {
    await system.publishPowerShell(
      "Get-Part",
      `workflow Get-Part { param([int] $Number) "begins $Number"; Checkpoint-Workflow; "saved $Number"; Start-Sleep -Seconds 2; "part $Number" }`,
    );
    await system.publishPowerShell(
      "Get-Whole",
      `workflow Get-Whole { Get-Part -Number 1; $two = Get-Part -Number 2; "then $two" }`,
    );
    const jobId = await system.start("Get-Whole");
    await system.until(jobId, ({ recordCount }) => recordCount > 1);
    await system.killWorker();
    await system.startWorker();
    const job = await system.ended(jobId);
    assert.equal(job.status, "Completed", JSON.stringify([job.exception, await system.records(jobId)]));
    const told = await system.texts(jobId);
    assert.deepEqual(told, ["begins 1", "saved 1", "saved 1", "part 1", "then begins 2 saved 2 part 2"]);
    assert.deepEqual(await system.children(jobId), []);
  });
});
