import { spawnSync } from "node:child_process";
import { say } from "./root.js";

/** Package managers, in the order of asking: how each installs bubblewrap without a question. */
const managers = [
  {
    program: "apt-get",
    commands: [
      ["update", "-qq"],
      ["install", "-y", "-qq", "--no-install-recommends", "bubblewrap"],
    ],
  },
  { program: "dnf", commands: [["install", "-y", "-q", "bubblewrap"]] },
  { program: "yum", commands: [["install", "-y", "-q", "bubblewrap"]] },
  { program: "zypper", commands: [["--non-interactive", "install", "bubblewrap"]] },
  { program: "apk", commands: [["add", "--quiet", "bubblewrap"]] },
  { program: "pacman", commands: [["-S", "--noconfirm", "--needed", "bubblewrap"]] },
];

/** Gets bubblewrap, the sandbox, by the distribution's package manager when this user may; otherwise says the one command. */
export function ensureBubblewrap() {
  if (process.platform !== "linux" || runs("bwrap", ["--version"])) return;
  const manager = managers.find(({ program }) => runs(program, ["--version"]));
  if (manager === undefined) {
    say("bubblewrap is missing, and no package manager known here can get it. Install `bwrap` (0.8 or later) by hand.");
    return;
  }
  const prefix = process.getuid?.() === 0 ? [] : runs("sudo", ["-n", "true"]) ? ["sudo", "-n"] : null;
  const lines = manager.commands.map((args) => [manager.program, ...args]);
  const install = lines[lines.length - 1] ?? [];
  if (prefix === null) {
    say("bubblewrap is missing, and only an administrator can install it. Without it no runbook is run. Run once:");
    say(`  sudo ${install.join(" ")}`);
    return;
  }
  for (const line of lines) {
    const [program, ...args] = [...prefix, ...line];
    say([program, ...args].join(" "));
    spawnSync(program, args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  }
  if (!runs("bwrap", ["--version"])) say(`bubblewrap could not be installed. Run by hand: ${install.join(" ")}`);
}

function runs(program, args) {
  const result = spawnSync(program, args, { stdio: "ignore" });
  return result.error === undefined && result.status === 0;
}
