import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

const everyStream = `
"out one"
Write-Host "host"
Write-Warning "warning"
Write-Verbose "verbose"
Write-Debug "debug"
Write-Information "information"
Write-Progress -Activity "Work" -Status "half" -PercentComplete 50
Write-Error "error"
"out two"
`;

describe("the streams of a PowerShell script", { skip, concurrency: 2 }, () => {
  it("are all recorded, in the order in which they were written, when their switches are on", async () => {
    const run = await PwshHostRun.of(everyStream, { logs: { verbose: true, debug: true, progress: true } });
    assert.deepEqual(
      run.records.map(({ stream, text }) => `${stream}: ${text}`),
      [
        "Output: out one",
        "Information: host",
        "Warning: warning",
        "Verbose: verbose",
        "Debug: debug",
        "Information: information",
        "Progress: Work: half (50 %)",
        "Error: Write-Error: error",
        "Output: out two",
      ],
    );
    assert.deepEqual(run.ended, { type: "ended", outcome: "Completed" });
    assert.equal(run.raw, "");
  });

  it("leave out Verbose, Debug and Progress when their switches are off", async () => {
    const run = await PwshHostRun.of(`${everyStream}\nWrite-Verbose "loud" -Verbose`);
    assert.deepEqual(
      [...new Set(run.records.map(({ stream }) => stream))],
      ["Output", "Information", "Warning", "Error"],
    );
  });

  it("carry each object as a structured value too: two levels deep, without what its getters fail at", async () => {
    const run = await PwshHostRun.of(`
"text"
42
[pscustomobject]@{ Name = "a"; At = ([datetime]"2024-02-29T00:00:00Z").ToUniversalTime(); Inner = [ordered]@{ List = 1, 2; Deep = [ordered]@{ Deeper = @{ Deepest = 1 } } } }
$failing = [pscustomobject]@{ Good = 1 }
$failing | Add-Member ScriptProperty Bad { throw "no" }
$failing
[pscustomobject]@{ Big = "x" * 100000 }
Get-Item /usr/bin
ConvertTo-SecureString "hidden" -AsPlainText -Force
`);
    const values = run.records.map(({ value, cut }) => ({ value, ...(cut ? { cut } : {}) }));
    assert.deepEqual(values[0], { value: undefined });
    assert.deepEqual(values[1], { value: 42 });
    assert.deepEqual(values[2], {
      value: { Name: "a", At: "2024-02-29T00:00:00.0000000Z", Inner: { List: [1, 2], Deep: { Deeper: {} } } },
      cut: true,
    });
    assert.deepEqual(values[3], { value: { Good: 1 }, cut: true });
    assert.ok(values[4]?.cut && JSON.stringify(values[4].value).length <= 64 * 1024);
    const folder = values[5]?.value as Record<string, unknown>;
    assert.equal(folder.FullName, "/usr/bin");
    assert.equal(folder.Parent, "/usr", "a live object below the top is its text");
    assert.equal(JSON.stringify(run.records).includes("hidden"), false);
  });

  it("are cut by getters that take long, not by what else took long: on a busy machine data was left out", async () => {
    const run = await PwshHostRun.of(`
$slow = [pscustomobject]@{ First = 1 }
$slow | Add-Member ScriptProperty Slow { Start-Sleep -Milliseconds 300; 2 }
$slow | Add-Member ScriptProperty Late { 3 }
$slow | Add-Member Last 4
$slow
`);
    const [record] = run.records;
    assert.deepEqual([record?.value, record?.cut], [{ First: 1, Slow: 2, Last: 4 }, true]);
  });

  it("have errors with what a program needs of them, and the text that pwsh prints", async () => {
    const run = await PwshHostRun.of('"line one"\nGet-Item /nonexistent\n');
    const [, error] = run.records;
    assert.ok(error?.stream === "Error");
    assert.match(error.text, /^Get-Item: .*Sample\.ps1:2\nLine \|\n {3}2 \| {2}Get-Item \/nonexistent\n/);
    const { message, fullyQualifiedErrorId, category, position } = error.value as {
      message: string;
      fullyQualifiedErrorId: string;
      category: string;
      position: { line: number; column: number };
    };
    assert.equal(message, "Cannot find path '/nonexistent' because it does not exist.");
    assert.equal(fullyQualifiedErrorId, "PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand");
    assert.equal(category, "ObjectNotFound");
    assert.deepEqual([position.line, position.column], [2, 1]);
  });

  it("show an error at once, though the table around it is held back", async () => {
    const run = await PwshHostRun.of(
      '[pscustomobject]@{ A = 1 }\nWrite-Error "between"\n[pscustomobject]@{ A = 2 }\n"end"\n',
    );
    assert.deepEqual(run.records[0]?.stream, "Error");
    assert.deepEqual(
      run.records.slice(1, 3).map(({ text, value }) => ({ text, value })),
      [
        { text: "\nA\n-\n1", value: { A: 1 } },
        { text: "2", value: { A: 2 } },
      ],
    );
    assert.equal(run.joined("Output"), "\nA\n-\n1\n2\nend\n\n");
  });

  it("tell a Write-Host without line end as the beginning of the next", async () => {
    const run = await PwshHostRun.of('Write-Host "one " -NoNewline; Write-Host "two"; "x"');
    assert.deepEqual(
      run.records.map(({ stream, text, continued }) => [stream, text, continued ?? false]),
      [
        ["Information", "one ", true],
        ["Information", "two", false],
        ["Output", "x", false],
      ],
    );
  });

  it("take what a program writes: its output as Output, line by line, its errors as Error, and its exit code", async () => {
    const run = await PwshHostRun.of(
      `$ErrorActionPreference = 'Stop'\n/bin/sh -c 'echo one; sleep 0.3; echo two >&2; exit 3'\n"code $LASTEXITCODE"\n[Console]::WriteLine("raw")`,
    );
    assert.deepEqual(
      run.records.map(({ stream, text }) => `${stream}: ${text}`),
      ["Output: one", "Error: two", "Output: code 3"],
    );
    assert.equal(run.raw, "raw\n");
    assert.equal(run.ended?.outcome, "Completed");
  });

  it("limit progress to what a reader can follow, and never lose its end", async () => {
    const run = await PwshHostRun.of(
      `1..2000 | ForEach-Object { Write-Progress -Activity "Count" -Status "$_" -PercentComplete ($_ / 20) }; "done"`,
      { logs: { verbose: false, debug: false, progress: true } },
    );
    const progress = run.texts("Progress");
    assert.ok(progress.length < 500, `${progress.length} records`);
    assert.equal(progress.at(-1), "Count: 2000 (100 %)");
  });

  it("lose nothing of 20 MiB, in bounded memory, while the reader is slow", async () => {
    const run = new PwshHostRun();
    run.run(
      `$line = "x" * 1015\nforeach ($i in 1..20480) { "{0:00000000}$line" -f $i }\n[System.Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64`,
    );
    const output = run.process.stdio[4] as NodeJS.ReadableStream;
    await run.until(() => run.records.length > 10);
    output.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = run.records.length;
    output.resume();
    await run.over();
    assert.ok(before < 20_480, "the script waited");
    assert.equal(run.records.length, 20_481);
    assert.deepEqual(
      run.records.slice(0, -1).map(({ text }) => Number(text.slice(0, 8))),
      Array.from({ length: 20_480 }, (_, index) => index + 1),
    );
    assert.ok(Number(run.records.at(-1)?.text) < 400 * 1024 * 1024);
  });

  it("split a text that is too long for one record", async () => {
    const run = await PwshHostRun.of('"x" * 300000 + "é"');
    assert.deepEqual(
      run.records.map(({ text, continued }) => [text.length, continued ?? false]),
      [
        [262_144, true],
        [37_857, false],
      ],
    );
  });
});
