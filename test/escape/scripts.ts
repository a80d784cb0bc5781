/** Tries every command that it is given, and tells of each what became of it; then tries with the language's own means. */
export const typeScriptEscape = `import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";

interface Attempt { name: string; command: string }

/** Throws for a descriptor that Node has opened for itself. */
function ownOrForeign(descriptor: number): string {
  const what = fs.readlinkSync("/proc/self/fd/" + descriptor);
  if (/^(anon_inode|pipe):/.test(what) || what.startsWith("/proc/") || what === "/dev/null") throw new Error(what);
  return what;
}

export default async function ({ attempts, files, ports, processes }: {
  attempts: Attempt[];
  files: string[];
  ports: number[];
  processes: number[];
}) {
  const tell = (name: string, succeeded: boolean, detail: string) => console.log({ name, succeeded, detail: detail.slice(0, 300) });
  const attempt = (name: string, action: () => unknown) => {
    try {
      tell(name, true, String(action()));
    } catch (error) {
      tell(name, false, String(error));
    }
  };
  for (const descriptor of fs.readdirSync("/proc/self/fd").map(Number)) {
    // The script's own, and those to its worker, are the first five.
    if (descriptor > 4) attempt("use the open descriptor " + descriptor, () => ownOrForeign(descriptor));
  }
  for (const { name, command } of attempts) {
    const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", command], { encoding: "utf8", timeout: 20_000 });
    tell(name, status === 0, stdout + stderr);
  }
  for (const file of files) {
    attempt("read " + file, () => fs.readFileSync(file));
    attempt("open for writing " + file, () => fs.openSync(file, "r+"));
  }
  for (const id of processes) {
    attempt("signal " + id, () => process.kill(id, 0));
    attempt("read the environment of " + id, () => fs.readFileSync("/proc/" + id + "/environ"));
    attempt("write into the memory of " + id, () => fs.openSync("/proc/" + id + "/mem", "r+"));
  }
  attempt("become root", () => process.setuid?.(0));
  attempt("load a library by process.dlopen", () => process.dlopen({ exports: {} }, files[0] ?? ""));
  for (const port of ports) {
    for (const host of ["127.0.0.1", "::1"]) {
      const reached = await new Promise<string>((resolve) => {
        const socket = net.connect({ port, host, timeout: 3_000 });
        socket.on("connect", () => resolve("connected"));
        socket.on("error", (error) => resolve(error.message));
        socket.on("timeout", () => resolve("no answer"));
      });
      tell("connect to " + host + " " + port, reached === "connected", reached);
    }
  }
  tell("the end", false, "");
  process.exit(0);
}
`;

export const powerShellEscape = `param([object[]] $Attempts, [string[]] $Files, [int[]] $Ports, [int[]] $Processes)
function Tell([string] $Name, [bool] $Succeeded, [string] $Detail) {
  [pscustomobject]@{ name = $Name; succeeded = $Succeeded; detail = $Detail.Substring(0, [Math]::Min(300, $Detail.Length)) } | ConvertTo-Json -Compress
}
function Attempt([string] $Name, [scriptblock] $Action) {
  try { $got = & $Action; Tell $Name $true "$got" } catch { Tell $Name $false "$_" }
}
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false
foreach ($one in $Attempts) {
  $text = & /bin/sh -c "( $($one.command) ) 2>&1"
  Tell $one.name ($LASTEXITCODE -eq 0) "$text"
}
foreach ($file in $Files) {
  Attempt "read $file" { [System.IO.File]::ReadAllText($file) }
  Attempt "get the content of $file" { Get-Content -LiteralPath $file -Raw }
  Attempt "open for writing $file" { [System.IO.File]::Open($file, 'Open', 'Write') }
}
foreach ($id in $Processes) {
  Attempt "stop $id" { Stop-Process -Id $id -Force }
  Attempt "read the environment of $id" { [System.IO.File]::ReadAllText("/proc/$id/environ") }
}
foreach ($port in $Ports) {
  foreach ($address in '127.0.0.1', '::1') {
    Attempt "connect to $address $port" { [System.Net.Sockets.TcpClient]::new($address, $port).Connected }
  }
}
Tell 'the end' $false ''
`;

/** Another job: with a file, an environment and a process of its own. */
export const otherJob = `import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { job } from "runsmith";

export default async function ({ secret }: { secret: string }) {
  process.title = "runsmith-attempt:" + job.id + "/" + job.attempt;
  writeFileSync("/tmp/" + secret, secret, { mode: 0o666 });
  writeFileSync("/dev/shm/" + secret, secret, { mode: 0o666 });
  spawn("/usr/bin/sleep", ["600"], { env: { SECRET: secret }, stdio: "ignore" });
  console.log("ready");
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}
`;

/** Lists a folder, for those who wonder where a grant has led. */
export const listFolder = `import { readdirSync } from "node:fs";

export default function ({ folder }: { folder: string }) {
  for (const name of readdirSync(folder)) console.log(name);
}
`;

/** Tells what a job finds that it did not make itself. */
export const lookAround = `import { readdirSync } from "node:fs";
export default function () {
  return {
    folders: ["/tmp", "/dev/shm"].map((folder) => readdirSync(folder)),
    processes: readdirSync("/proc").filter((name) => Number(name) > 0),
    environment: process.env,
  };
}
`;
