#!/usr/bin/env node
// Plain JavaScript for any Node ≥ 20: goes on in the Node that Runsmith brings along.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packagedNode = findPackagedNode();

if (packagedNode === null) {
  process.stderr.write(
    `Runsmith's packages are not installed yet. Run once:\n  npm ci --prefix ${join(here, "..")}\n(or \`npm start\`, which does it too)\n`,
  );
  process.exit(1);
} else if (process.execPath === packagedNode || process.versions.node.split(".")[0] === "26") {
  // Keeps stripped and compiled code between calls; not below /tmp, where another account could plant some.
  // Through the environment too, for the service and the worker that this process starts.
  process.env.NODE_COMPILE_CACHE ??= join(
    process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
    "runsmith",
    "compile-cache",
  );
  module.enableCompileCache?.();
  const source = join(here, "../cli/main.ts");
  await import(pathToFileURL(existsSync(source) ? source : join(here, "../dist/cli/main.js")).href);
} else {
  continueIn(packagedNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
}

function findPackagedNode() {
  try {
    const found = join(dirname(module.createRequire(import.meta.url).resolve("node/package.json")), "bin/node");
    return existsSync(found) ? found : null;
  } catch {
    return null;
  }
}

function continueIn(node, args) {
  if (process.execve !== undefined) process.execve(node, [node, ...args]);
  const child = spawn(node, args, { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
  // Ctrl-C on a terminal reaches the child by itself; a second one would mean "now, at once" to it.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of signals) {
    process.on(signal, () => {
      if (!(onTerminal && (signal === "SIGINT" || signal === "SIGQUIT"))) child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const each of signals) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
  child.on("error", (error) => {
    process.stderr.write(`${node} does not start: ${error.message}\nInstall Runsmith's packages again: npm ci\n`);
    process.exit(1);
  });
}
