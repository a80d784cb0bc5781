import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { AttemptReference } from "../src/contract/link/control-frames.ts";
import type { AttemptEnd } from "../src/contract/link/records-frames.ts";
import { skip } from "./hosts/pwsh/testing/pwsh-host-run.ts";
import type { TestWorker } from "./testing/test-worker.ts";
import { startTestWorker } from "./testing/test-worker.ts";

/** Tells processes apart: inside its sandbox every host has the same id. */
const host = "[System.Diagnostics.Process]::GetCurrentProcess().StartTime.Ticks";

describe("a PowerShell host that may serve one job after another", { skip }, () => {
  let test: TestWorker;
  before(async () => {
    test = await startTestWorker({ slots: 2, poolMemory: 1024 ** 3 });
  });
  after(() => test.close());

  let keys = 0;
  const newKey = () => `key ${++keys}`;
  const runbook = { id: "0198c2f0-0000-7000-8000-000000000009", name: "test", kind: "PowerShell" } as const;
  const start = (script: string, reuseKey: string | null, parameters: Record<string, unknown> = {}): AttemptReference =>
    test.service.run(script, { runbook, reuseKey, parameters });
  const end = (attempt: AttemptReference) => test.service.endOf(attempt);
  const texts = (attempt: AttemptReference) => test.service.recordsOf(attempt).map(({ text }) => text);
  async function outputOf(script: string, reuseKey: string | null, parameters = {}): Promise<string[]> {
    const attempt = start(script, reuseKey, parameters);
    const ended = await end(attempt);
    assert.equal(ended.outcome, "Completed", JSON.stringify(ended));
    return texts(attempt);
  }
  const hostOf = async (reuseKey: string | null) => (await outputOf(host, reuseKey)).at(-1);

  it("serves jobs of one key, each with its own parameters, streams and formatted output", async () => {
    const key = newKey();
    const hosts = new Set<string | undefined>();
    for (let number = 1; number <= 3; number++) {
      const script = `param([string] $Name) 1..5 | ForEach-Object { "line $_ of $Name" }; Write-Warning $Name; [pscustomobject]@{ A = $Name } | Format-Table; ${host}`;
      const lines = await outputOf(script, key, { Name: `job ${number}` });
      assert.deepEqual(lines.slice(0, 6), [
        ...[1, 2, 3, 4, 5].map((line) => `line ${line} of job ${number}`),
        `job ${number}`,
      ]);
      assert.match(lines.join("\n"), new RegExp(`\\nA\\s+-\\s+job ${number}\\s`));
      hosts.add(lines.at(-1));
    }
    assert.equal(hosts.size, 1);
    assert.ok(!hosts.has(await hostOf(newKey())));
    assert.ok(!hosts.has(await hostOf(null)));
  });

  it("begins each job as if it were the first: variables, functions, modules, environment, folders, culture, style", async () => {
    const key = newKey();
    const seen = `[ordered]@{ Host = ${host}; Global = $global:left; Function = [bool] (Get-Command left -ErrorAction Ignore); Alias = [bool] (Get-Alias left -ErrorAction Ignore)
      Environment = $env:LEFT; Folder = (Get-Location).Path; Directory = [Environment]::CurrentDirectory; Files = (Get-ChildItem /tmp -Recurse).Name -ne 'test.ps1' -join ','
      Culture = [cultureinfo]::CurrentCulture.Name; Style = "$($PSStyle.OutputRendering)"; Preference = "$ErrorActionPreference"; Errors = $Error.Count
      Subscribers = @(Get-EventSubscriber).Count; Type = [bool] (Get-TypeData left); Defaults = $PSDefaultParameterValues.Count; Exit = $LASTEXITCODE } | ConvertTo-Json`;
    const before = await outputOf(seen, key);
    await outputOf(
      `$global:left = 1; function global:left {}; Set-Alias -Scope Global left Get-Date; $env:LEFT = 'left'; $env:HOME = $null
       Set-Location /usr; [Environment]::CurrentDirectory = '/usr'; New-Item -ItemType Directory /tmp/left/inner -Force | Out-Null; 'x' > /tmp/left/inner/file; 'x' > /dev/shm/left
       [cultureinfo]::CurrentCulture = 'de-DE'; $PSStyle.OutputRendering = 'Ansi'; $global:ErrorActionPreference = 'Stop'; Update-TypeData -TypeName left -MemberName x -MemberType NoteProperty -Value 1
       $global:PSDefaultParameterValues['*:Verbose'] = $true; Register-EngineEvent left -Action {} | Out-Null; /bin/sh -c 'exit 3'; Get-Item /nowhere -ErrorAction Ignore`,
      key,
    );
    assert.deepEqual(await outputOf(seen, key), before);
  });

  const completes = (ended: AttemptEnd) => assert.equal(ended.outcome, "Completed", JSON.stringify(ended));
  const fails = (ended: AttemptEnd) => assert.equal(ended.outcome, "Failed", JSON.stringify(ended));
  const lastJobs: Record<string, [script: string, judge: (ended: AttemptEnd) => void]> = {
    "that throws": ["throw 'x'", fails],
    "that ends with an exit code": ["exit 3", fails],
    "that leaves a timer": ["$global:left = [System.Threading.Timer]::new({ }, $null, 100000, 100000)", completes],
    "that leaves a program": ["Start-Process /bin/sleep 60", completes],
    "that leaves a job of PowerShell's": ["$null = Start-ThreadJob { Start-Sleep 60 }", completes],
    "that leaves a file open": ["$global:left = [System.IO.File]::OpenRead('/usr/bin/env')", completes],
  };
  for (const [what, [script, judge]] of Object.entries(lastJobs)) {
    it(`ends with a job ${what}`, async () => {
      const key = newKey();
      const first = await hostOf(key);
      judge(await end(start(script, key)));
      assert.notEqual(await hostOf(key), first);
    });
  }
});
