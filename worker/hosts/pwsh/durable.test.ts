import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { RunMessage } from "../../../src/contract/host/host-messages.ts";
import type { JournalEntry } from "../../../src/contract/journal.ts";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

const folder = await mkdtemp(path.join(tmpdir(), "runsmith-durable-pwsh-"));
after(() => rm(folder, { recursive: true }));

const threeSteps = `
param($File)
[pscustomobject]@{ Name = 'table'; Value = 1 }
$done = foreach ($name in 'one', 'two', 'three') {
    Write-Host "before $name"
    Invoke-RunbookStep -Name $name {
        Add-Content -LiteralPath $File $name
        [pscustomobject]@{ Name = $name; At = [datetime]'2026-01-02'; Inner = @{ Count = 3 } }
    }
}
'after'
"$($done.Name) $($done[0].At.Year) $($done[2].Inner.Count) $($done[0].Inner.GetType().Name)"
`;

describe("a PowerShell script with steps", { skip, concurrency: 2 }, () => {
  it("that is killed after any step repeats none before it, and says nothing twice", async () => {
    const file = path.join(folder, "kills");
    const journal: JournalEntry[] = [];
    const texts: string[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      const run = new PwshHostRun();
      run.killAfter = 1;
      run.run(threeSteps, { attempt, parameters: { File: file }, ...known(journal) });
      await run.over();
      assert.equal(run.exit?.signal, "SIGKILL");
      journal.push(...run.journal);
      texts.push(...run.texts());
    }
    const last = await PwshHostRun.of(threeSteps, { attempt: 4, parameters: { File: file }, ...known(journal) });
    texts.push(...last.texts());
    assert.equal(last.ended?.outcome, "Completed", JSON.stringify(last.ended));
    assert.equal(await readFile(file, "utf8"), "one\ntwo\nthree\n");
    // The empty line at the end is a record of its own, or not, as the formatter gives it away.
    assert.equal(
      texts.join("\n"),
      [
        "before one",
        "before two",
        "before three",
        "\nName  Value\n----  -----\ntable     1",
        "after",
        "one two three 2026 3 Hashtable",
        "",
      ].join("\n"),
    );
    assert.deepEqual(
      journal.map(({ result }) => (result as { Name: string }).Name),
      ["one", "two", "three"],
    );
  });

  it("fails with what was there before when a step is renamed, removed or reordered, even where it catches everything", async () => {
    const script = (...names: string[]) =>
      names.map((name) => `try { Invoke-RunbookStep '${name}' { 1 } } catch { 'caught' }\n`).join("");
    const { journal } = await PwshHostRun.of(script("one", "two"));
    const failure = async (text: string) => (await PwshHostRun.of(text, { attempt: 2, journal })).ended?.exception;
    const renamed = await failure(script("one", "other", "three"));
    assert.deepEqual([renamed?.name, renamed?.line], ["ReplayMismatch", 2]);
    assert.match(renamed?.message ?? "", /calls "other" where an earlier attempt called "two"/);
    const removed = await failure(script("one"));
    assert.equal(removed?.name, "ReplayMismatch");
    assert.match(removed?.message ?? "", /ended without the step "two"/);
    assert.match((await failure(script("two", "one")))?.message ?? "", /calls "two" before "one"/);
    assert.equal(await failure(script("one", "two", "three")), undefined);
  });

  it("tries one again as its retries say, each time with the same idempotency key, and ends it by its timeout", async () => {
    const run = await PwshHostRun.of(`
$script:keys = @()
Invoke-RunbookStep flaky -RetryCount 2 -RetryIntervalSeconds 0.01 {
    $script:keys += $RunbookStep.IdempotencyKey
    if ($RunbookStep.Attempt -lt 3) { throw 'not yet' }
}
"$($keys.Count) $(($keys | Select-Object -Unique).Count) $($keys[0].Length)"
try { Invoke-RunbookStep slow -TimeoutSeconds 0.05 { Start-Sleep -Seconds 60 } } catch [TimeoutException] { $_.FullyQualifiedErrorId }
Invoke-RunbookStep quick -TimeoutSeconds 60 { Write-Warning 'careful'; Write-Error 'no matter'; $keys.Count; 'a' }
Invoke-RunbookStep other { }
$hosts = 'a', 'b'
$hosts | ForEach-Object { Invoke-RunbookStep "on $_" { "did $_" } }
`);
    assert.equal(run.ended?.outcome, "Completed", JSON.stringify(run.ended));
    assert.deepEqual(run.texts("Output"), ["3 1 64", "StepTimeout", "3", "a", "did a", "did b"]);
    assert.deepEqual(run.texts("Warning"), ["careful"]);
    assert.match(run.texts("Error").join(), /no matter/);
    assert.deepEqual(
      run.journal.map(({ name, error }) => [name, error?.name]),
      [
        ["flaky", undefined],
        ["slow", "System.TimeoutException"],
        ["quick", undefined],
        ["other", undefined],
        ["on a", undefined],
        ["on b", undefined],
      ],
    );
  });

  it("sees a step that failed and was caught fail again in a further attempt, by the same catch and without doing it", async () => {
    const script = `
try { Invoke-RunbookStep fails { Write-Warning 'done'; Get-Item /nonexistent -ErrorAction Stop } }
catch [System.Management.Automation.ItemNotFoundException] { $said = "$_ $($_.CategoryInfo.Category) $($_.FullyQualifiedErrorId)" }
Invoke-RunbookStep next { 1 }
$said`;
    const first = await PwshHostRun.of(script);
    assert.deepEqual(
      first.journal.map(({ name }) => name),
      ["fails", "next"],
    );
    const again = await PwshHostRun.of(script, { attempt: 2, journal: first.journal });
    assert.equal(again.ended?.outcome, "Completed", JSON.stringify(again.ended));
    assert.deepEqual(again.texts("Warning"), []);
    assert.deepEqual(again.texts("Output"), first.texts("Output"));
  });

  it("ends by a step that failed, whatever its preference for errors, and does it again when it is retried", async () => {
    const script = `Invoke-RunbookStep one { 1 }\nInvoke-RunbookStep two { [int]::Parse('x') } -ErrorAction Stop\n'on'`;
    const first = await PwshHostRun.of(script);
    assert.equal(first.ended?.outcome, "Failed");
    assert.equal(first.ended?.exception?.name, "System.Management.Automation.MethodInvocationException");
    assert.deepEqual(
      first.journal.map(({ name }) => name),
      ["one"],
    );
    const again = await PwshHostRun.of(script, { attempt: 2, journal: first.journal });
    assert.match(again.texts("Error").join(), /not in a correct format/);
  });

  it("suspends for waits, having said all that it said before, and has their answers in the next attempt", async () => {
    const script = `
[pscustomobject]@{ Plan = 'upgrade' }
$value = Wait-RunbookEvent -Name go
[pscustomobject]@{ Plan = "got $($value.version)" }
try { Wait-RunbookEvent late -TimeoutSeconds 1 } catch [TimeoutException] { $late = $_.FullyQualifiedErrorId }
$answer = Request-RunbookApproval -Message 'Deploy?' -To ops
Wait-RunbookUntil ([datetime]'2020-01-01')
"$late $($answer.Approved) $($answer.By)"
try { Invoke-RunbookStep inside { Suspend-Runbook } } catch { $_.FullyQualifiedErrorId }
try { 'x' } finally { 'finally' }
`;
    const journal: JournalEntry[] = [];
    const texts: string[] = [];
    const suspended = async (answer: object) => {
      const run = await PwshHostRun.of(script, { attempt: journal.length + 1, ...known(journal) });
      assert.equal(run.ended?.outcome, "Suspended", JSON.stringify(run.ended));
      const [entry] = run.journal;
      assert.ok(entry !== undefined);
      texts.push(...run.texts());
      const again = await PwshHostRun.of(script, { attempt: journal.length + 1, ...known([...journal, entry]) });
      assert.deepEqual([again.ended?.outcome, again.texts(), again.journal], ["Suspended", [], []]);
      journal.push({ ...entry, endedAt: 1, answer });
      return entry.wait;
    };
    assert.deepEqual(await suspended({ value: { version: 2 } }), { event: "go" });
    assert.deepEqual(Object.keys((await suspended({ timedOut: true })) ?? {}), ["until", "event"]);
    assert.deepEqual(await suspended({ approved: true, by: "ann" }), { message: "Deploy?", to: ["ops"] });
    const last = await PwshHostRun.of(script, { attempt: 9, ...known(journal) });
    texts.push(...last.texts());
    assert.equal(last.ended?.outcome, "Completed", JSON.stringify(last.ended));
    assert.equal(
      texts.join("\n"),
      ["\nPlan\n----\nupgrade\n", "\nPlan\n----\ngot 2\n", "WaitTimeout True ann", "WaitInStep", "x", "finally\n"].join(
        "\n",
      ),
    );
  });

  it("ends before its next step when it is to be suspended", async () => {
    const run = new PwshHostRun();
    run.run(
      `Invoke-RunbookStep first { 1 }\nWrite-Host 'waits'\nStart-Sleep -Milliseconds 700\nInvoke-RunbookStep second { Write-Host 'second' }`,
    );
    await run.until(() => run.texts().includes("waits"));
    run.send({ type: "suspend" });
    await run.over();
    assert.deepEqual([run.ended?.outcome, run.texts()], ["Suspended", ["1", "waits"]]);
  });
});

function known(journal: JournalEntry[]): Partial<RunMessage> {
  return journal.length === 0 ? {} : { journal };
}
