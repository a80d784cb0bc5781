import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { packagedNode, root, say } from "./root.js";

/** Why packages must be installed, or null when what is installed is what the lock file says. */
export function missingPackages() {
  const locked = packagesOf(`${root}/package-lock.json`);
  if (locked === null) return "package-lock.json is missing or damaged";
  const installed = packagesOf(`${root}/node_modules/.package-lock.json`);
  if (installed === null) return "no packages are installed yet";
  for (const [path, wanted] of Object.entries(locked)) {
    if (path === "" || wanted.optional || wanted.devOptional || wanted.link) continue;
    const found = installed[path];
    if (found === undefined) return `${path} is not installed`;
    if (found.version !== wanted.version) return `${path} is ${found.version}, the lock file wants ${wanted.version}`;
  }
  return executable(packagedNode) ? null : "node_modules/node/bin/node is missing";
}

/** Installs the packages of the lock file, unless they are. Ends the process with a remedy when that fails. */
export function ensurePackages() {
  const reason = missingPackages();
  if (reason === null) return;
  say(`npm ci (${reason})`);
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--include=dev"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: "" },
  });
  const noise = /npm warn (EBADENGINE|Unknown |deprecated |allow-scripts )/i;
  const output = `${npm.stdout ?? ""}${npm.stderr ?? ""}`
    .split("\n")
    .filter((line) => line.trim() && !noise.test(line));
  for (const line of output) say(line);
  if (npm.error || npm.status !== 0) {
    say(`npm ci failed${npm.error ? `: ${npm.error.message}` : ` with code ${npm.status}`}.`);
    say(`See the lines above; when they are mended, run this command again (or \`npm ci\` in ${root} by hand).`);
    process.exit(1);
  }
  ensurePackagedNode();
}

/** The binary arrives by an install script, which some npm settings (`ignore-scripts`) leave out. */
function ensurePackagedNode() {
  if (executable(packagedNode)) return;
  say("npm rebuild node esbuild (install scripts were left out)");
  spawnSync("npm", ["rebuild", "node", "esbuild", "--ignore-scripts=false"], { cwd: root, stdio: "inherit" });
  if (executable(packagedNode)) return;
  say("npm's `node` package brought no binary for this machine, so Runsmith has no Node to run on.");
  say("Allow its install script: npm config set ignore-scripts false; then run this command again.");
  process.exit(1);
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
