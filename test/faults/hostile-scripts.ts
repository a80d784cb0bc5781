import type { RunbookSettings } from "../../src/contract/api/runbook.ts";
import type { EndedStatus } from "../../src/contract/job-status.ts";
import type { RunbookKind } from "../../src/contract/runbook-kind.ts";

/**
 * Scripts that do what no script should, in both languages. Each gets a parameter `mark`, a number of seconds that no
 * other process sleeps: by a `sleep` of that length a test finds the host from outside. The script goes on when the test
 * has killed that sleep.
 */
export interface HostileScript {
  /** Goes on from "a script that …". */
  does: string;
  settings?: Partial<RunbookSettings>;
  /** Asked to stop as soon as it runs. */
  stopped?: boolean;
  /** By language; absent where it would be the same. */
  bodies: Partial<Record<RunbookKind, string>>;
  /** How its job may end. */
  ends: readonly EndedStatus[];
  /** In the job's reason or exception. */
  because?: RegExp;
}

/** Long enough for the deed, also on a busy machine, when what is expected does not wait for it. */
const timeLimit = 30_000;
/** Where the time limit is what ends it. */
const short = { timeLimit: 2_000, stopGrace: 500 };

/** 8 GiB by mmap(2), anonymous and shared, which no limit of a process counts; written to by 16 MiB at a time. */
const sharedMemory = `my $all = 8 << 30;
my $start = syscall(${process.arch === "arm64" ? 222 : 9}, 0, $all, 3, 0x21, -1, 0);
open(my $memory, "+<", "/proc/self/mem") or die "no memory: $!";
sysseek($memory, $start, 0);
my $block = "x" x (1 << 24);
for (1 .. $all >> 24) { syswrite($memory, $block) or die "not written: $!"; }
sleep 600;`;

export const hostileScripts: readonly HostileScript[] = [
  {
    does: "forks for ever",
    settings: short,
    bodies: {
      TypeScript: `spawn("/bin/sh", ["-c", "f() { f | f & }; f"], { stdio: "ignore" }).on("error", () => {});
        await pause(600_000);`,
      PowerShell: `& /bin/sh -c 'f() { f | f & }; f' 2>$null
        while ($true) { try { $null = Start-Process -PassThru /usr/bin/sleep $mark } catch { } }`,
    },
    ends: ["Failed"],
    // .NET calls it memory when the limit on processes leaves it no thread.
    because: /time limit|OutOfMemoryException/,
  },
  {
    does: "allocates for ever",
    settings: { timeLimit },
    bodies: {
      TypeScript: `const held: Buffer[] = [];
        for (;;) held.push(Buffer.alloc(32 * 1024 * 1024, 1));`,
      PowerShell: `$held = [System.Collections.Generic.List[byte[]]]::new()
        while ($true) { $block = [byte[]]::new(32MB); [Array]::Fill($block, [byte]1); $held.Add($block) }`,
    },
    ends: ["Failed"],
    because: /memory|allocation/i,
  },
  {
    does: "lets many processes allocate for ever",
    settings: { timeLimit },
    bodies: {
      TypeScript: `for (let i = 0; i < 6; i++) {
          spawn(process.execPath, ["-e", "const h = []; setInterval(() => h.length < 12 && h.push(Buffer.alloc(32 << 20, 1)), 20)"]);
        }
        await pause(600_000);`,
    },
    ends: ["Failed"],
    because: /memory/i,
  },
  {
    does: "allocates shared memory for ever",
    settings: { timeLimit },
    bodies: {
      TypeScript: `spawn("perl", ["-e", ${JSON.stringify(sharedMemory)}], { stdio: "inherit" });
        await pause(600_000);`,
    },
    ends: ["Failed"],
    because: /memory/i,
  },
  {
    does: "prints for ever",
    // Time enough to come to that limit, too.
    settings: { ...short, timeLimit: 6_000, outputLimit: 64 * 1024 },
    bodies: {
      TypeScript: `for (;;) console.log("x".repeat(100));`,
      PowerShell: `while ($true) { 'x' * 100 }`,
    },
    ends: ["Failed"],
    because: /time limit/,
  },
  {
    does: "leaves a daemon behind",
    bodies: {
      TypeScript: `spawnSync("/bin/sh", ["-c", "(setsid sh -c 'trap \\"\\" TERM HUP; (sleep " + mark + " &) ; exec sleep " + mark + "' >/dev/null 2>&1 &)"]);
        await pause(200);`,
      PowerShell: `& /bin/sh -c "(setsid sh -c 'trap \`"\`" TERM HUP; (sleep $mark &) ; exec sleep $mark' >/dev/null 2>&1 &)"
        Start-Sleep -Milliseconds 200`,
    },
    ends: ["Completed"],
  },
  {
    does: "leaves a daemon behind that holds its output",
    bodies: {
      TypeScript: `spawn("/bin/sh", ["-c", "setsid sleep " + mark], { stdio: "inherit", detached: true }).unref();
        await pause(200);`,
      PowerShell: `$null = Start-Process -PassThru /usr/bin/setsid -ArgumentList sleep, $mark
        Start-Sleep -Milliseconds 200`,
    },
    ends: ["Completed"],
  },
  {
    does: "ignores that it is asked to stop",
    settings: { stopGrace: 1_000 },
    stopped: true,
    bodies: {
      TypeScript: `signal.addEventListener("abort", () => console.log("never"));
        spawn("/bin/sh", ["-c", "trap '' TERM INT HUP; sleep " + mark]);
        console.log("begun");
        for (;;);`,
      PowerShell: `'begun'
        try { while ($true) { Start-Sleep 1 } }
        finally { $null = Start-Process -PassThru /usr/bin/sleep $mark; while ($true) { [System.Threading.Thread]::Sleep(1000) } }`,
    },
    ends: ["Stopped"],
  },
  {
    does: "closes its descriptors",
    settings: short,
    bodies: {
      TypeScript: `for (let descriptor = 0; descriptor < 64; descriptor++) {
          try { fs.closeSync(descriptor); } catch {}
        }
        await pause(600_000);`,
      PowerShell: `foreach ($descriptor in 0..4) { [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr]$descriptor, $true).Dispose() }
        Start-Sleep 600`,
    },
    ends: ["Failed", "Completed"],
  },
  {
    does: "kills its parent, and everything that it can",
    settings: { timeLimit },
    bodies: {
      TypeScript: `for (const target of [process.ppid, 1, -1]) {
          try { process.kill(target, "SIGKILL"); } catch {}
        }
        await pause(100);
        process.kill(process.pid, "SIGKILL");
        await pause(600_000);`,
      PowerShell: `& /bin/sh -c 'kill -9 1 $PPID -1'
        Start-Sleep 600`,
    },
    ends: ["Failed"],
    because: /host process was lost/,
  },
  {
    does: "kills its parent where it sees the machine's processes",
    settings: { timeLimit, grants: [{ type: "processes" }] },
    bodies: {
      TypeScript: `spawn("/bin/sh", ["-c", "setsid sleep " + mark + " &"]);
        await pause(200);
        process.kill(process.ppid, "SIGKILL");
        await pause(600_000);`,
      PowerShell: `$null = Start-Process -PassThru /usr/bin/sleep $mark
        & /bin/sh -c 'kill -9 $(ps -o ppid= -p $PPID)'
        Start-Sleep 600`,
    },
    ends: ["Failed"],
  },
  {
    does: "stops itself",
    settings: short,
    bodies: {
      TypeScript: `process.kill(process.pid, "SIGSTOP");
        await pause(600_000);`,
      PowerShell: `& /bin/sh -c 'kill -STOP $PPID'
        Start-Sleep 600`,
    },
    ends: ["Failed"],
    because: /time limit/,
  },
  {
    does: "writes nonsense to its worker",
    settings: { timeLimit },
    bodies: {
      TypeScript: `fs.writeSync(4, "nonsense\\n");
        await pause(600_000);`,
      PowerShell: `$handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr]4, $false)
        $worker = [System.IO.FileStream]::new($handle, 'Write', 0)
        $worker.Write([System.Text.Encoding]::UTF8.GetBytes("nonsense\`n"))
        Start-Sleep 600`,
    },
    ends: ["Failed"],
    because: /link to its worker/,
  },
  {
    does: "claims its end and goes on",
    bodies: {
      TypeScript: `fs.writeSync(4, '{"type":"ended","outcome":"Completed"}\\n');
        for (;;);`,
    },
    ends: ["Completed"],
  },
];

/** The whole script. */
export function hostileSource(kind: RunbookKind, body: string): string {
  return kind === "TypeScript" ? typeScript(body) : powerShell(body);
}

function typeScript(body: string): string {
  return `import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { signal } from "runsmith";

void [spawnSync, fs, signal];
const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

export default async function ({ mark }: { mark: string }) {
  await once(spawn("/usr/bin/sleep", [mark], { stdio: "ignore" }), "exit");
  ${body}
}
`;
}

function powerShell(body: string): string {
  return `param([Parameter(Mandatory)][string] $Mark)
& /usr/bin/sleep $mark
${body}
`;
}
