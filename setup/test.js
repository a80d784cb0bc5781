import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { findFiles } from "./find-files.js";
import { packagedNode, root, say } from "./root.js";
import { runNode } from "./run-node.js";
import { setUp } from "./set-up.js";

const usage = `npm test -- [--require pwsh,mssql] [--only NAME] [--serial] [FILTER...]
  --require A,B   what a machine of yours must have: a test that would be skipped for want of it fails instead
  --only PATTERN  runs the tests whose names match this regular expression
  --serial        one test file at a time
  FILTER          runs the files whose path contains one of these texts`;

const folders = ["src", "worker", "cli", "module-gallery", "setup", "test"];

const { filters, required, nodeOptions, concurrency } = readArguments(process.argv.slice(2));
await setUp();

const files = findFiles(folders, ".test.ts").filter(
  (file) => filters.length === 0 || filters.some((f) => file.includes(f)),
);
if (files.length === 0) {
  say(`No test file matches ${filters.join(", ")}.`);
  process.exit(2);
}

// By itself and last, for it checks what the tests of the store have sent to SQL Server; see that file.
const last = "test/tsql-grammar/tsql-grammar.test.ts";
const [before, after] = files.length === 1 ? [files, []] : divided(files, (file) => file !== last);
const recordings = mkdtempSync(join(tmpdir(), "runsmith-statements-"));
process.on("exit", () => rmSync(recordings, { recursive: true, force: true }));

const startedAt = Date.now();
const env = {
  // Each file is a process: without it every one strips and compiles the modules that it shares with the others.
  NODE_COMPILE_CACHE:
    process.env.NODE_COMPILE_CACHE ??
    join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "runsmith", "compile-cache"),
  RUNSMITH_TEST_REQUIRE: required.join(","),
  RUNSMITH_TEST_STATEMENTS: recordings,
  RUNSMITH_URL: undefined,
  RUNSMITH_DATABASE: undefined,
  RUNSMITH_TOKEN: undefined,
};
const testOptions = [
  "--test",
  "--test-reporter=spec",
  `--test-concurrency=${concurrency}`,
  "--test-timeout=240000",
  ...nodeOptions,
];
runNode([...testOptions, ...before], {
  env,
  ended(code) {
    const exitCode = after.length === 0 ? code : runAfterwards() || code;
    process.stdout.write(`ℹ total ${((Date.now() - startedAt) / 1000).toFixed(1)} s, ${files.length} files\n`);
    return exitCode;
  },
});

function runAfterwards() {
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, ...env } };
  return spawnSync(packagedNode, [...testOptions, ...after], options).status ?? 1;
}

function divided(list, belongs) {
  return [list.filter(belongs), list.filter((each) => !belongs(each))];
}

function readArguments(args) {
  const result = { filters: [], required: [], nodeOptions: [], concurrency: Math.max(2, availableParallelism() - 1) };
  for (let index = 0; index < args.length; index++) {
    const [option, inline] = args[index].startsWith("--") ? args[index].split(/=(.*)/s, 2) : [args[index]];
    const value = () => inline ?? args[++index] ?? fail(`${option} needs a value.`);
    if (option === "--require") result.required.push(...value().split(",").filter(Boolean));
    else if (option === "--only") result.nodeOptions.push(`--test-name-pattern=${value()}`);
    else if (option === "--serial") result.concurrency = 1;
    else if (option === "--help") fail(usage, 0);
    else if (option.startsWith("--")) fail(`Unknown option ${option}.\n${usage}`);
    else result.filters.push(option);
  }
  return result;
}

function fail(text, code = 2) {
  process.stderr.write(`${text}\n`);
  process.exit(code);
}
